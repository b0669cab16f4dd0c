//! WebSocket frames of a server, RFC 6455: binary messages, within caps on their size and on what is on its way in. A session
//! that waits holds next to nothing, whatever it sent or got before: of that there are thousands. Knows no OpAMP.

use super::offers::Outgoing;
use bytes::Buf;
use pointsman_core::limits::{DISCARD_BYTES_MAX, DISCARD_MS_MAX, SYNC_MESSAGE_BYTES_MAX};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// What goes before each message, and is no part of it.
const HEADER: &[u8] = &[0];
/// Bytes of a message that are taken without asking for room.
pub const FREE_BYTES: usize = 4 << 10;
/// Bytes asked for at once while a message comes.
const STEP_BYTES: usize = 16 << 10;
/// Bytes asked for while nothing comes.
const IDLE_BYTES: usize = 256;
/// Bytes of what a control frame carries.
const CONTROL_BYTES_MAX: usize = 125;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The end of a session, as a code.
pub mod code {
    /// Not as the protocol says.
    pub const PROTOCOL: u16 = 1002;
    /// Not what is taken here.
    pub const UNSUPPORTED: u16 = 1003;
    /// Not what it claims to be.
    pub const INVALID: u16 = 1007;
    /// Not from who sent it.
    pub const POLICY: u16 = 1008;
    /// Too large.
    pub const TOO_BIG: u16 = 1009;
    /// Not now.
    pub const LATER: u16 = 1013;
}

/// What came.
#[derive(Debug)]
pub enum Incoming {
    /// A message, without its header.
    Message(Vec<u8>),
    /// Wants to be echoed.
    Ping(Vec<u8>),
    /// The peer ends, politely or not.
    Gone,
    /// It has to end, with this code.
    Wrong(u16),
}

/// Frames over a stream.
pub struct Frames<S> {
    stream: S,
    /// Read, and not looked at.
    buffer: Vec<u8>,
    head: Option<Head>,
    /// The message so far, and room for it.
    message: Vec<u8>,
    is_open: bool,
    room: Option<OwnedSemaphorePermit>,
    control: Vec<u8>,
    flight: Arc<Semaphore>,
}

/// The head of a frame whose payload is not all there.
#[derive(Clone, Copy, Debug)]
struct Head {
    opcode: u8,
    is_last: bool,
    mask: [u8; 4],
    /// Bytes that came.
    at: usize,
    /// Bytes to come.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Frames over a stream that was upgraded.
    pub fn new(stream: S, flight: Arc<Semaphore>) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            head: None,
            message: Vec::new(),
            is_open: false,
            room: None,
            control: Vec::new(),
            flight,
        }
    }

    /// What comes next. Cancel-safe: nothing is lost.
    pub async fn next(&mut self) -> Incoming {
        loop {
            match self.advance() {
                Ok(Some(incoming)) => return incoming,
                Ok(None) => {}
                Err(code) => return Incoming::Wrong(code),
            }
            self.buffer.reserve(self.head.map_or(IDLE_BYTES, |head| head.left.clamp(IDLE_BYTES, STEP_BYTES)));
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Incoming::Gone,
                Ok(_) => {}
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the peer is gone, or does not read.
    pub async fn send(&mut self, message: &Outgoing) -> io::Result<()> {
        let mut first = frame_head(BINARY, HEADER.len().saturating_add(message.len()));
        first.extend_from_slice(HEADER);
        first.extend_from_slice(&message.head);
        let mut all = Buf::chain(Buf::chain(first.as_slice(), &*message.plan), message.tail.as_slice());
        self.stream.write_all_buf(&mut all).await?;
        self.stream.flush().await
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// When the peer is gone, or does not read.
    pub async fn pong(&mut self, payload: &[u8]) -> io::Result<()> {
        self.control(PONG, payload).await
    }

    /// Ends the session, and gives the peer a moment to read why.
    pub async fn close(mut self, code: u16) {
        if self.control(CLOSE, &code.to_be_bytes()).await.is_err() || self.stream.shutdown().await.is_err() {
            return; // nobody is left to be told
        }
        let rest = async {
            let (mut left, mut bytes) = (DISCARD_BYTES_MAX, Vec::with_capacity(IDLE_BYTES));
            while let Ok(more) = self.stream.read_buf(&mut bytes).await {
                left = left.saturating_sub(more);
                if more == 0 || left == 0 {
                    return;
                }
                bytes.clear();
            }
        };
        // Who takes longer has had its chance.
        timeout(Duration::from_millis(DISCARD_MS_MAX), rest).await.unwrap_or(());
    }

    async fn control(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = frame_head(opcode, payload.len());
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await?;
        self.stream.flush().await
    }

    /// Takes as much out of the buffer as is there. Nothing: more must come.
    fn advance(&mut self) -> Result<Option<Incoming>, u16> {
        loop {
            if self.head.is_none() {
                let Some((head, used)) = self.read_head()? else { return Ok(None) };
                self.consume(used);
                self.head = Some(head);
            }
            let Some(mut head) = self.head else { return Ok(None) };
            self.take_payload(&mut head)?;
            if head.left > 0 {
                self.head = Some(head);
                return Ok(None);
            }
            self.head = None;
            if let Some(incoming) = self.ended(head)? {
                return Ok(Some(incoming));
            }
        }
    }

    fn read_head(&self) -> Result<Option<(Head, usize)>, u16> {
        let Some(([first, second], rest)) = self.buffer.split_first_chunk::<2>() else { return Ok(None) };
        let (opcode, is_last, is_masked) = (first & 0x0F, first & 0x80 != 0, second & 0x80 != 0);
        let is_control = matches!(opcode, CLOSE | PING | PONG);
        // Extensions were not agreed on; a client masks; a message is begun once.
        let is_known = match opcode {
            TEXT => return Err(code::UNSUPPORTED),
            CONTINUATION => self.is_open,
            BINARY => !self.is_open,
            _ => is_control,
        };
        if first & 0x70 != 0 || !is_masked || !is_known {
            return Err(code::PROTOCOL);
        }
        let (length, rest, used) = match second & 0x7F {
            126 => {
                let Some((bytes, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*bytes)), rest, 4)
            }
            127 => {
                let Some((bytes, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                (u64::from_be_bytes(*bytes), rest, 10)
            }
            short => (u64::from(short), rest, 2_usize),
        };
        let left = usize::try_from(length).unwrap_or(usize::MAX);
        if is_control && (!is_last || left > CONTROL_BYTES_MAX) {
            return Err(code::PROTOCOL);
        }
        if !is_control && self.message.len().saturating_add(left) > SYNC_MESSAGE_BYTES_MAX.saturating_add(HEADER.len()) {
            return Err(code::TOO_BIG);
        }
        let Some((mask, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        Ok(Some((Head { opcode, is_last, mask: *mask, at: 0, left }, used.saturating_add(mask.len()))))
    }

    /// Unmasks what came of a payload.
    fn take_payload(&mut self, head: &mut Head) -> Result<(), u16> {
        let n = head.left.min(self.buffer.len());
        let is_control = matches!(head.opcode, CLOSE | PING | PONG);
        if !is_control && self.message.len().saturating_add(n) > FREE_BYTES {
            let more = u32::try_from(n).map_err(|_| code::TOO_BIG)?;
            let room = Arc::clone(&self.flight).try_acquire_many_owned(more).map_err(|_| code::LATER)?;
            match &mut self.room {
                Some(held) => held.merge(room),
                None => self.room = Some(room),
            }
        }
        let target = if is_control { &mut self.control } else { &mut self.message };
        let mask = head.mask.iter().cycle().skip(head.at % 4);
        target.extend(self.buffer.iter().take(n).zip(mask).map(|(byte, mask)| byte ^ mask));
        (head.at, head.left) = (head.at.saturating_add(n), head.left.saturating_sub(n));
        self.consume(n);
        Ok(())
    }

    /// A frame is complete.
    fn ended(&mut self, head: Head) -> Result<Option<Incoming>, u16> {
        match head.opcode {
            PING => Ok(Some(Incoming::Ping(std::mem::take(&mut self.control)))),
            PONG => {
                self.control = Vec::new();
                Ok(None)
            }
            CLOSE => Ok(Some(Incoming::Gone)),
            _ if !head.is_last => {
                self.is_open = true;
                Ok(None)
            }
            _ => {
                (self.is_open, self.room) = (false, None);
                let mut message = std::mem::take(&mut self.message);
                if !message.starts_with(HEADER) {
                    return Err(code::PROTOCOL);
                }
                message.drain(..HEADER.len());
                Ok(Some(Incoming::Message(message)))
            }
        }
    }

    /// Forgets what was looked at, and the room for it.
    fn consume(&mut self, bytes: usize) {
        self.buffer.drain(..bytes.min(self.buffer.len()));
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }
}

/// The head of a whole frame of a server.
fn frame_head(opcode: u8, length: usize) -> Vec<u8> {
    let mut head = vec![0x80 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => head.push(short),
        (_, Ok(long)) => {
            head.push(126);
            head.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    head
}

#[cfg(test)]
mod tests;
