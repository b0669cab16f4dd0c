//! Who we are to those who connect: the certificate that listeners show, and how it changes while they serve.
//! Knows neither listeners nor what is asked on them.

pub mod tls;
