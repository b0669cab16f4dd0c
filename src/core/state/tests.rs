mod collapse;
mod distributions;
mod expiry;
mod identity;
mod limits;
mod script;
mod temporality;
mod views;
