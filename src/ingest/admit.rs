//! Who may take memory. What the heap holds is counted by the allocator itself; on top of that come promises: bytes that
//! somebody is about to allocate. Requests in flight have a share of their own, so that neither a flood of bodies keeps new
//! series out, nor a store that is full the senders of known ones. No memory is taken for what a sender announces.

use super::Refusal;
use pointsman_core::{limits, state::room::Room};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

/// What there is to share.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes that the heap may hold.
    pub heap: usize,
    /// The part of them that requests in flight may take.
    pub flight: usize,
}

/// The memory that everything shares.
#[derive(Debug)]
pub struct Budget {
    sizes: Sizes,
    /// What the heap holds now.
    allocated: fn() -> usize,
    promised: AtomicUsize,
    flight: AtomicUsize,
    /// What is kept free for those who began.
    pub(super) expected: AtomicUsize,
    /// What a body takes that announces nothing: about the mean of those before.
    typical: AtomicUsize,
    refused: AtomicU64,
    paused: AtomicBool,
    jitter: AtomicU64,
}

/// Bytes in memory that the budget knows of, given back when dropped.
#[derive(Debug)]
pub struct Held {
    share: Share, // given back before the bytes are: never is more free than that
    bytes: Vec<u8>,
    from: usize,
}

/// A part of what requests in flight may take.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
    /// What is kept free for it.
    expected: usize,
    /// What it will come to, where that was said; else 0.
    announced: usize,
    /// What it is let in for: announced, or usual. 0 = nothing is kept free for it any longer.
    wanted: usize,
}

/// Bytes that are about to be allocated; they count twice from then on until this is dropped.
#[derive(Debug)]
pub struct Promise {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget over a heap whose size `allocated` tells; any number seeds the spread of retries.
    #[must_use]
    pub fn new(sizes: Sizes, allocated: fn() -> usize, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            sizes,
            allocated,
            promised: AtomicUsize::new(0),
            flight: AtomicUsize::new(0),
            expected: AtomicUsize::new(0),
            typical: AtomicUsize::new(limits::BODY_FIRST_BYTES),
            refused: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            jitter: AtomicU64::new(seed),
        })
    }

    /// Refuses everything from now on, as an overload does, or takes it again: senders try another replica.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Bytes in flight.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.flight.load(Ordering::SeqCst)
    }

    /// Bytes that the heap holds, and may hold.
    #[must_use]
    pub fn heap(&self) -> (usize, usize) {
        ((self.allocated)(), self.sizes.heap)
    }

    /// Requests refused because of it.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// An empty part.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0, expected: 0, announced: 0, wanted: 0 }
    }

    /// Whether a request may begin that announces so many bytes, 0 = it does not say: asked before a byte of its body is read.
    /// Room is kept for what those who began have yet to send, so that they can end: else all would begin and none. By words
    /// alone nobody has room kept: it grows with what has come ([`Share::came`]), is bounded for each, and is given up for who
    /// takes long ([`Share::expects_no_more`]).
    ///
    /// # Errors
    /// [`Refusal::Overload`].
    pub fn admit(self: &Arc<Self>, announced: usize) -> Result<Share, Refusal> {
        let wanted = if announced == 0 { self.typical.load(Ordering::Relaxed) } else { announced };
        let wanted = wanted.clamp(1, self.expected_max());
        let kept = self.expected.load(Ordering::SeqCst);
        let begun = self.flight.load(Ordering::SeqCst).saturating_add(kept).saturating_add(wanted);
        let is_paused = self.paused.load(Ordering::Relaxed);
        if is_paused
            || begun > (self.sizes.flight / 4).saturating_mul(3)
            || announced > self.sizes.flight
            || !self.fits(wanted.min(limits::BODY_FIRST_BYTES), self.for_flight())
        {
            return Err(self.overload());
        }
        let mut share = self.share();
        (share.announced, share.wanted) = (announced, wanted);
        Ok(share)
    }

    /// The most that is kept free for one body.
    fn expected_max(&self) -> usize {
        (self.sizes.flight / limits::EXPECTED_SHARE).max(1)
    }

    /// A body that announced nothing took so many bytes.
    pub fn took(&self, bytes: usize) {
        let bytes = bytes.clamp(limits::BODY_TYPICAL_BYTES_MIN, self.expected_max().max(limits::BODY_TYPICAL_BYTES_MIN));
        let typical = self.typical.load(Ordering::Relaxed);
        self.typical.store(typical.saturating_sub(typical / 8).saturating_add(bytes / 8), Ordering::Relaxed);
    }

    /// Memory for something that is neither a body nor to stay.
    ///
    /// # Errors
    /// [`Refusal::Overload`].
    pub fn promise(self: &Arc<Self>, bytes: usize) -> Result<Promise, Refusal> {
        if self.take_below(bytes, self.for_flight()) {
            return Ok(Promise { budget: Arc::clone(self), bytes });
        }
        Err(self.overload())
    }

    /// Whether so many bytes more fit into the heap at all: asked for what bodies leave room for, scrapes above all.
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.fits(bytes, self.sizes.heap)
    }

    /// A refusal that names a time of its own, so that not all who are refused come back at once.
    fn overload(&self) -> Refusal {
        self.refused.fetch_add(1, Ordering::Relaxed);
        const SPREAD: u64 = limits::RETRY_SPREAD_SECS + 1;
        // Steps of the golden ratio spread any run of numbers evenly.
        let step = self.jitter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let spread = (step >> 33) % SPREAD;
        Refusal::Overload { retry_secs: limits::RETRY_AFTER_SECS.saturating_add(spread) }
    }

    /// What bodies may fill the heap to: what is left is for what nobody asks for, scrapes and connections above all.
    const fn for_flight(&self) -> usize {
        (self.sizes.heap / 16).saturating_mul(15)
    }

    fn fits(&self, bytes: usize, max: usize) -> bool {
        let promised = self.promised.load(Ordering::SeqCst).saturating_add(bytes);
        (self.allocated)().saturating_add(promised) <= max
    }

    /// Promises bytes unless that would lead beyond a mark. Promises first and looks then: of two who do so at once, both
    /// see both.
    fn take_below(&self, bytes: usize, max: usize) -> bool {
        if bytes > max {
            return false;
        }
        let promised = self.promised.fetch_add(bytes, Ordering::SeqCst).saturating_add(bytes);
        let fits = (self.allocated)().saturating_add(promised) <= max;
        if !fits {
            self.promised.fetch_sub(bytes, Ordering::SeqCst);
        }
        fits
    }
}

/// What is new may take what bodies cannot: known series are taken in however many there are.
impl Room for Budget {
    fn take(&self, bytes: usize) -> bool {
        // Bodies have their own share: what they take of it does not count here.
        let of_bodies = self.flight.load(Ordering::SeqCst).min(self.sizes.flight);
        let below = self.sizes.heap.saturating_sub(self.sizes.flight).saturating_add(of_bodies);
        self.take_below(bytes, below.min(self.for_flight()))
    }

    fn give_back(&self, bytes: usize) {
        self.promised.fetch_sub(bytes, Ordering::SeqCst);
    }
}

impl Share {
    /// Takes more, `anew` bytes of which are about to be allocated: until then they are promised.
    ///
    /// # Errors
    /// [`Refusal::Overload`]: the part stays as it was.
    pub fn grow(&mut self, bytes: usize, anew: usize) -> Result<Promise, Refusal> {
        let budget = &self.budget;
        if budget.paused.load(Ordering::Relaxed) {
            return Err(budget.overload());
        }
        let promise = budget.promise(anew)?;
        let before = budget.flight.fetch_add(bytes, Ordering::SeqCst);
        if before.saturating_add(bytes) > budget.sizes.flight {
            budget.flight.fetch_sub(bytes, Ordering::SeqCst);
            return Err(budget.overload());
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(promise)
    }

    /// So many bytes have come in all: room is kept for a multiple of them, up to what it was let in for.
    pub fn came(&mut self, bytes: usize) {
        let earned = bytes.saturating_mul(limits::EXPECTED_TIMES);
        self.keep_free(self.wanted.saturating_sub(self.bytes).min(earned));
    }

    /// The rest is not waited for any longer.
    pub fn expects_no_more(&mut self) {
        self.wanted = 0;
        self.keep_free(0);
    }

    fn keep_free(&mut self, bytes: usize) {
        let all = &self.budget.expected;
        if bytes > self.expected {
            all.fetch_add(bytes.saturating_sub(self.expected), Ordering::SeqCst);
        } else {
            all.fetch_sub(self.expected.saturating_sub(bytes), Ordering::SeqCst);
        }
        self.expected = bytes;
    }

    /// Gives back what was taken beyond so many bytes.
    fn shrink_to(&mut self, bytes: usize) {
        let beyond = self.bytes.saturating_sub(bytes);
        self.budget.flight.fetch_sub(beyond, Ordering::SeqCst);
        self.bytes = self.bytes.saturating_sub(beyond);
    }

    /// Another empty part of the same budget.
    #[must_use]
    pub fn beside(&self) -> Self {
        self.budget.share()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
        self.keep_free(0);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

impl Held {
    /// Nothing yet.
    #[must_use]
    pub const fn new(share: Share) -> Self {
        Self { share, bytes: Vec::new(), from: 0 }
    }

    /// The rest is not waited for any longer: it comes too slowly.
    pub fn expects_no_more(&mut self) {
        self.share.expects_no_more();
    }

    /// All has come.
    pub fn ended(&mut self) {
        self.share.expects_no_more();
        if self.share.announced == 0 {
            self.share.budget.took(self.bytes.capacity());
        }
    }

    /// Appends, within the budget and a cap.
    ///
    /// # Errors
    /// When either is reached.
    pub fn extend(&mut self, more: &[u8], limit: usize) -> Result<(), Refusal> {
        let (len, capacity) = (self.bytes.len().saturating_add(more.len()), self.bytes.capacity());
        if len > limit {
            return Err(Refusal::TooLarge { limit });
        }
        if len > capacity {
            // Doubled, that each byte is copied once on average; never beyond the cap, nor what was announced.
            let most = if self.share.announced < len { limit } else { limit.min(self.share.announced) };
            let wanted = len.max(capacity.saturating_mul(2).min(most));
            let promise = self.share.grow(wanted.saturating_sub(capacity), wanted)?;
            self.bytes.reserve_exact(wanted.saturating_sub(self.bytes.len()));
            drop(promise);
        }
        self.bytes.extend_from_slice(more);
        self.share.came(len);
        Ok(())
    }

    /// Takes bytes that `make` makes, up to so many.
    ///
    /// # Errors
    /// When the budget is reached, or as `make` does.
    pub fn made<E: Into<Refusal>>(
        mut share: Share,
        at_most: usize,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Self, Refusal> {
        let promise = share.grow(at_most, at_most)?;
        let bytes = make().map_err(Into::into)?;
        share.shrink_to(bytes.capacity());
        drop(promise);
        Ok(Self { share, bytes, from: 0 })
    }

    /// Bytes that are set aside, used or not.
    #[cfg(test)]
    pub const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Hides the first bytes.
    pub fn skip(&mut self, bytes: usize) {
        self.from = self.from.saturating_add(bytes);
    }

    /// Memory for what is made of it and does not stay.
    ///
    /// # Errors
    /// [`Refusal::Overload`].
    pub fn promise(&self, bytes: usize) -> Result<Promise, Refusal> {
        self.share.budget.promise(bytes)
    }

    /// Another empty part of the same budget.
    #[must_use]
    pub fn beside(&self) -> Share {
        self.share.beside()
    }
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }
}
