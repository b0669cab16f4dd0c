//! One rendering for all scrapes of a kind that come at about the same time. Who comes while one is under way waits for its end,
//! a moment at most, and goes with the others who wait: each of them sees what was pushed before it asked. Whoever of them is
//! ahead renders the next chunk; nobody waits for a slower one, who is given up when too much had to be kept for it. A body
//! that nobody takes from gives way to a new one when there are too many.
//! Knows no HTTP and no store.

use super::{HasRoom, NextChunk, Now, Open, compress::Compress};
use bytes::Bytes;
use parking_lot::Mutex;
use pointsman_core::{
    expose::negotiate::Negotiated,
    limits::{CHUNK_BYTES, SCRAPE_JOIN_MS_MAX, SCRAPE_KEPT_BYTES_MAX, SCRAPES_JOINED_MAX, WRITE_STALL_MS_MAX},
    model::clock::Mono,
};
use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::sleep,
};

/// Bytes that must be free before more of a body is made: a chunk, what is held of a family beside it, and its compression.
const ROOM_BYTES: usize = 4 * CHUNK_BYTES;
const STALLED: &str = "nobody took anything of the body for too long";

/// What scrapes must have in common to be one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Format, escaping and encoding.
    pub agreed: Negotiated,
    /// Families asked for; none means all.
    pub names: Vec<String>,
}

/// All renderings of one endpoint.
pub struct Shares {
    around: Arc<Around>,
    permits: Arc<Semaphore>,
    latest: Mutex<Latest>,
}

/// What a rendering needs of the world.
struct Around {
    open: Open,
    now: Now,
    has_room: HasRoom,
}

#[derive(Default)]
struct Latest {
    by_wanted: HashMap<Wanted, Weak<Rendering>>,
    all: Vec<Weak<Rendering>>, // as many as there are permits
}

/// A body on its way to its readers.
struct Rendering {
    wanted: Wanted,
    around: Arc<Around>,
    before: Option<watch::Receiver<Stage>>,
    stage: watch::Sender<Stage>,
    door: Mutex<Door>,
    work: Mutex<Work>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Waiting,
    Begun,
    Ended,
}

/// Who takes part, while one may still join.
struct Door {
    is_open: bool,
    readers: usize,
}

/// What is rendered, and what of it somebody still needs.
struct Work {
    permit: Option<OwnedSemaphorePermit>,
    taken: Mono, // when somebody took something last
    source: Option<(NextChunk, Compress)>,
    is_broken: bool,
    readers: usize,
    first: usize, // the place of the first chunk that is kept
    kept: VecDeque<Kept>,
    kept_bytes: usize,
}

/// A chunk that not all readers have.
struct Kept {
    bytes: Bytes,
    readers: usize, // who do not have it
}

/// One scraper's place in a body.
pub struct Reader {
    rendering: Arc<Rendering>,
    at: usize,
}

/// The next bytes of a body.
#[derive(Debug)]
pub struct Piece {
    /// Empty only at the end of a body that has no more.
    pub bytes: Bytes,
    /// Nothing comes after it.
    pub is_last: bool,
}

impl Shares {
    /// Nobody scrapes yet; at most `renderings_max` bodies will be on their way at once, while there is room in memory.
    #[must_use]
    pub fn new((open, now, has_room): (Open, Now, HasRoom), renderings_max: usize) -> Self {
        let around = Arc::new(Around { open, now, has_room });
        Self { around, permits: Arc::new(Semaphore::new(renderings_max)), latest: Mutex::default() }
    }

    /// Joins those who wait, or begins a rendering; nothing when there are too many of either, or no memory is left.
    #[must_use]
    pub fn join(&self, wanted: Wanted) -> Option<Reader> {
        let mut latest = self.latest.lock();
        latest.forget_ended();
        let before = latest.by_wanted.get(&wanted).and_then(Weak::upgrade);
        if let Some(before) = &before {
            let mut door = before.door.lock();
            if door.is_open {
                door.readers = Some(door.readers).filter(|readers| *readers < SCRAPES_JOINED_MAX)?.saturating_add(1);
                drop(door);
                return Some(Reader { rendering: Arc::clone(before), at: 0 });
            }
        }
        if !(self.around.has_room)(ROOM_BYTES) {
            return None;
        }
        let now = (self.around.now)();
        let permit = self.permit().or_else(|| latest.is_one_broken_off(now).then(|| self.permit()).flatten())?;
        let rendering = Arc::new(Rendering {
            around: Arc::clone(&self.around),
            before: before.map(|before| before.stage.subscribe()),
            stage: watch::Sender::new(Stage::Waiting),
            door: Mutex::new(Door { is_open: true, readers: 1 }),
            work: Mutex::new(Work::new(permit, now)),
            wanted: wanted.clone(),
        });
        latest.all.push(Arc::downgrade(&rendering));
        latest.by_wanted.insert(wanted, Arc::downgrade(&rendering));
        Some(Reader { rendering, at: 0 })
    }

    fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }
}

impl Latest {
    fn forget_ended(&mut self) {
        self.by_wanted.retain(|_, rendering| rendering.strong_count() > 0);
        self.all.retain(|rendering| rendering.strong_count() > 0);
    }

    /// Ends a rendering from which nobody took anything for so long that all of its readers must have stalled.
    fn is_one_broken_off(&mut self, now: Mono) -> bool {
        let stalled = self.all.iter().position(|one| one.upgrade().is_some_and(|rendering| rendering.is_broken_off(now)));
        stalled.map(|at| self.all.swap_remove(at)).is_some()
    }
}

impl Reader {
    /// Waits until the rendering before has ended, or this one has begun, or it has been long enough.
    pub async fn turn(&self) {
        let Rendering { before, stage, .. } = &*self.rendering;
        let Some(mut before) = before.clone() else { return };
        let mut own = stage.subscribe();
        // A sender that is gone has ended.
        tokio::select! {
            _ = before.wait_for(|stage| *stage == Stage::Ended) => {}
            _ = own.wait_for(|stage| *stage != Stage::Waiting) => {}
            () = sleep(Duration::from_millis(SCRAPE_JOIN_MS_MAX)) => {}
        }
    }

    /// The next piece of the body; nothing when somebody else renders it right now.
    ///
    /// # Errors
    /// When compressing fails, and when too much had to be kept for this reader.
    pub fn take(&mut self) -> Option<io::Result<Piece>> {
        let mut work = self.rendering.work.try_lock()?;
        work.taken = (self.rendering.around.now)();
        Some(work.next(&mut self.at, &self.rendering))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut door = self.rendering.door.lock();
        if door.is_open {
            door.readers = door.readers.saturating_sub(1);
            return;
        }
        drop(door);
        self.rendering.work.lock().leave(self.at);
    }
}

impl Rendering {
    /// Whether it had stalled; then it is ended, and its permit is free.
    fn is_broken_off(&self, now: Mono) -> bool {
        // Who holds the lock is taking something.
        let Some(mut work) = self.work.try_lock() else { return false };
        if now.since(work.taken) < Duration::from_millis(WRITE_STALL_MS_MAX) {
            return false;
        }
        let mut door = self.door.lock();
        if std::mem::take(&mut door.is_open) {
            work.readers = door.readers;
        }
        drop(door);
        work.break_off();
        true
    }

    /// Closes the door and opens the body, once.
    fn begin(&self, work: &mut Work) -> io::Result<()> {
        let mut door = self.door.lock();
        if !std::mem::take(&mut door.is_open) {
            return Ok(());
        }
        work.readers = door.readers;
        drop(door);
        work.is_broken = true; // until it is open
        let compress = Compress::new(self.wanted.agreed.encoding)?;
        work.source = Some(((self.around.open)(self.wanted.agreed, self.wanted.names.clone()), compress));
        work.is_broken = false;
        Ok(())
    }
}

impl Work {
    fn new(permit: OwnedSemaphorePermit, taken: Mono) -> Self {
        Self {
            permit: Some(permit),
            taken,
            source: None,
            is_broken: false,
            readers: 0,
            first: 0,
            kept: VecDeque::new(),
            kept_bytes: 0,
        }
    }

    /// Nothing of it is left but the news that it broke.
    fn break_off(&mut self) {
        self.is_broken = true;
        self.source = None;
        self.first = self.first.saturating_add(self.kept.len());
        self.kept = VecDeque::new();
        self.kept_bytes = 0;
        self.permit = None;
    }

    fn next(&mut self, at: &mut usize, rendering: &Rendering) -> io::Result<Piece> {
        rendering.begin(self)?;
        let Some(place) = at.checked_sub(self.first) else {
            let why = if self.permit.is_some() { "the scraper is too far behind those it shares a body with" } else { STALLED };
            return Err(io::Error::other(why));
        };
        if let Some(kept) = self.kept.get_mut(place) {
            let bytes = kept.bytes.clone();
            kept.readers = kept.readers.saturating_sub(1);
            *at = at.saturating_add(1);
            self.drop_taken();
            let is_last = self.source.is_none() && !self.is_broken && *at == self.first.saturating_add(self.kept.len());
            return Ok(Piece { bytes, is_last });
        }
        let bytes = self.render(&*rendering.around.has_room);
        let is_over = self.source.is_none();
        rendering.stage.send_if_modified(|stage| {
            let now = if is_over { Stage::Ended } else { Stage::Begun };
            std::mem::replace(stage, now) != now
        });
        let bytes = bytes?;
        if !bytes.is_empty() {
            *at = at.saturating_add(1);
            self.keep(&bytes);
        }
        Ok(Piece { bytes, is_last: is_over })
    }

    /// The next bytes; empty only at the end of a body that has no more.
    fn render(&mut self, has_room: &dyn Fn(usize) -> bool) -> io::Result<Bytes> {
        if self.is_broken {
            return Err(io::Error::other("the body broke"));
        }
        let Some((mut next, mut compress)) = self.source.take() else { return Ok(Bytes::new()) };
        // Until all went well: whoever comes after a panic must not read on behind a hole.
        self.is_broken = true;
        loop {
            // Whoever is behind goes before those who are not.
            while !has_room(ROOM_BYTES) && self.drop_first() {}
            if !has_room(ROOM_BYTES) {
                return Err(io::Error::other("no memory is left for the body"));
            }
            let mut chunk = Vec::new();
            let is_last = !next(&mut chunk);
            let out = compress.push(chunk, is_last)?;
            if is_last || !out.is_empty() {
                self.is_broken = false;
                self.source = (!is_last).then_some((next, compress));
                return Ok(out.into());
            }
        }
    }

    /// Keeps a chunk for those who do not have it; who is too far behind loses what it still needed. The newest stays, however
    /// large: who lacks no more than that is not behind.
    fn keep(&mut self, bytes: &Bytes) {
        let readers = self.readers.saturating_sub(1);
        if readers == 0 {
            self.first = self.first.saturating_add(1);
            return;
        }
        self.kept_bytes = self.kept_bytes.saturating_add(bytes.len());
        self.kept.push_back(Kept { bytes: bytes.clone(), readers });
        while self.kept_bytes > SCRAPE_KEPT_BYTES_MAX && self.kept.len() > 1 && self.drop_first() {}
    }

    /// A reader goes that has everything before `at`.
    fn leave(&mut self, at: usize) {
        self.readers = self.readers.saturating_sub(1);
        for kept in self.kept.iter_mut().skip(at.saturating_sub(self.first)) {
            kept.readers = kept.readers.saturating_sub(1);
        }
        self.drop_taken();
    }

    fn drop_taken(&mut self) {
        while self.kept.front().is_some_and(|kept| kept.readers == 0) && self.drop_first() {}
    }

    fn drop_first(&mut self) -> bool {
        let Some(kept) = self.kept.pop_front() else { return false };
        self.first = self.first.saturating_add(1);
        self.kept_bytes = self.kept_bytes.saturating_sub(kept.bytes.len());
        true
    }
}
