//! One queue for all assigned partitions, consumed by callback: the only `unsafe` here.
//!
//! Decides how records get from librdkafka's fetch buffers to a closure without a copy or a lock
//! per record. It must not know which partitions ought to be read or what an error means.
//!
//! Why not `BaseConsumer::poll`: it takes one record at a time through an event object each, which
//! costs 1.8 times the processor time of the whole path here. Why not the consumer's own queue:
//! batch and callback calls on it deliver nothing while a rebalance event may be pending, and
//! report no error. So each partition's queue is forwarded to a queue of our own, and
//! `rd_kafka_consume_callback_queue` hands out the payloads where they lie.
//!
//! What every `unsafe` block below leans on:
//! - `client` is alive as long as `FetchQueue` is, since it owns the consumer, and the queue and
//!   the topic handles are given back before the consumer goes.
//! - librdkafka is thread-safe; only the handing out of records is tied to the calling thread, and
//!   that needs `&mut self`.
//! - A record's memory is valid while its callback runs. `RawRecord<'_>` and `Headers<'_>` carry
//!   that lifetime, which the closure cannot extend.
//! - The callback never unwinds into C.

#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::slice;

use rdkafka::bindings as native;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};

use crate::sources::{SourceId, TopicPartition};

/// A record as it lies in the fetch buffer.
#[derive(Debug)]
pub struct RawRecord<'a> {
    /// The partition it came from.
    pub source: SourceId,
    /// Its offset there.
    pub offset: i64,
    /// Kafka's own timestamp in epoch milliseconds: when the broker appended it, if the topic says
    /// `LogAppendTime`. -1 when the broker gave none.
    pub timestamp_ms: i64,
    /// None where the producer sent no key.
    pub key: Option<&'a [u8]>,
    /// None for a tombstone.
    pub payload: Option<&'a [u8]>,
    pub(crate) headers: Headers<'a>,
}

impl<'a> RawRecord<'a> {
    /// Its headers in the producer's order; parsed only when asked for.
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// Value of the last header of that name; None if there is none, or it is null.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .filter(|(found, _)| *found == name.as_bytes())
            .last()?
            .1
    }
}

/// Headers of one record: names, and values that may be null.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    message: *const native::rd_kafka_message_t,
    index: usize,
    record: PhantomData<&'a [u8]>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive for 'a, and only this thread may use it. The headers belong
        // to the message; librdkafka parses them on the first call and keeps them.
        let absent = unsafe { native::rd_kafka_message_headers(self.message, &mut headers) }
            != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if absent {
            return None;
        }
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: `headers` is what the message gave out just now, the other pointers are ours. An
        // index past the end is answered with an error.
        let past_the_end = unsafe {
            native::rd_kafka_header_get_all(headers, self.index, &mut name, &mut value, &mut size)
        } != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if past_the_end {
            return None;
        }
        self.index += 1;
        // SAFETY: name is a C string and value is `size` bytes or null, both owned by the headers
        // and so alive for 'a.
        unsafe { Some((CStr::from_ptr(name).to_bytes(), bytes(value, size))) }
    }
}

/// What the queue hands to the visitor: a record, or word of an error in its place.
pub(crate) struct Fetched<'a> {
    message: *const native::rd_kafka_message_t,
    record: PhantomData<&'a [u8]>,
}

impl<'a> Fetched<'a> {
    /// librdkafka's error code; 0 for a record. Read as a number, since a newer broker may send
    /// one that the bindings' enum lacks.
    pub(crate) fn error_code(&self) -> i32 {
        // SAFETY: the message is alive for 'a, and the enum is represented as a C int.
        unsafe { (&raw const (*self.message).err).cast::<i32>().read() }
    }

    /// What librdkafka says about the error.
    pub(crate) fn error_text(&self) -> String {
        // The text is the payload of an error.
        String::from_utf8_lossy(self.payload().unwrap_or_default()).into_owned()
    }

    pub(crate) fn partition(&self) -> i32 {
        // SAFETY: the message is alive for 'a.
        unsafe { (*self.message).partition }
    }

    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: the message is alive for 'a.
        unsafe { (*self.message).offset }
    }

    pub(crate) fn payload(&self) -> Option<&'a [u8]> {
        // SAFETY: the message is alive for 'a, and its payload with it.
        unsafe { bytes((*self.message).payload, (*self.message).len) }
    }

    pub(crate) fn record(&self, source: SourceId) -> RawRecord<'a> {
        // SAFETY: the message is alive for 'a, and its key with it. The kind of timestamp may be
        // left out of the answer.
        let (timestamp_ms, key) = unsafe {
            let timestamp_ms = native::rd_kafka_message_timestamp(self.message, ptr::null_mut());
            (
                timestamp_ms,
                bytes((*self.message).key, (*self.message).key_len),
            )
        };
        let headers = Headers {
            message: self.message,
            index: 0,
            record: PhantomData,
        };
        let payload = self.payload();
        RawRecord {
            source,
            offset: self.offset(),
            timestamp_ms,
            key,
            payload,
            headers,
        }
    }

    fn topic(&self) -> *mut native::rd_kafka_topic_t {
        // SAFETY: the message is alive for 'a.
        unsafe { (*self.message).rkt }
    }
}

/// What the visitor wants next.
pub(crate) enum Visit {
    More,
    /// The rest stays in the queue, in order.
    Enough,
}

/// The shared queue, and the consumer that feeds it.
pub(crate) struct FetchQueue<C: ConsumerContext> {
    queue: NonNull<native::rd_kafka_queue_t>,
    /// In the order in which they were held; kept, so that a message's topic pointer means the
    /// same topic for as long as this queue lives.
    topics: Vec<NonNull<native::rd_kafka_topic_t>>,
    /// The consumer's own queue, where events wait.
    events: NonNull<native::rd_kafka_queue_t>,
    consumer: BaseConsumer<C>,
}

// SAFETY: all that is not `Send` by itself are handles of librdkafka, which is thread-safe.
unsafe impl<C: ConsumerContext> Send for FetchQueue<C> {}

impl<C: ConsumerContext> FetchQueue<C> {
    pub(crate) fn new(consumer: BaseConsumer<C>) -> Self {
        let client = consumer.client().native_ptr();
        // SAFETY: the client is alive; both handles are given back in `drop`, before the client.
        let (queue, events) = unsafe {
            (
                native::rd_kafka_queue_new(client),
                native::rd_kafka_queue_get_consumer(client),
            )
        };
        Self {
            queue: NonNull::new(queue).expect("librdkafka aborts when it is out of memory"),
            topics: Vec::new(),
            events: NonNull::new(events).expect("a consumer with a group has a queue"),
            consumer,
        }
    }

    /// Whether the consumer's own queue holds anything to poll for.
    pub(crate) fn has_events(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { native::rd_kafka_queue_length(self.events.as_ptr()) > 0 }
    }

    pub(crate) fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// Keeps a topic, so that messages of it carry the number of this call.
    pub(crate) fn hold_topic(&mut self, name: &CStr) {
        // SAFETY: the client is alive, the name is copied, and no configuration means the
        // client's own. The handle is given back in `drop`, before the client.
        let topic = unsafe {
            let client = self.consumer.client().native_ptr();
            native::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut())
        };
        self.topics
            .push(NonNull::new(topic).expect("the name was checked when it was added"));
    }

    /// Sends what a partition fetches to the shared queue. Call it before *and* after the
    /// partition is assigned: before, or its first records would go to the consumer's own queue;
    /// after, because the end of an earlier assignment takes the forwarding back, and may do so
    /// only when the next one starts. Records that waited in between move over in order.
    pub(crate) fn forward(&self, topic_partition: &TopicPartition) {
        let topic = CString::new(topic_partition.topic.as_str()).expect("checked when added");
        // SAFETY: the client is alive and the name is copied. The partition's queue outlives our
        // handle on it, which is given back at once; forwarding counts a reference on ours.
        unsafe {
            let client = self.consumer.client().native_ptr();
            let partition = topic_partition.partition;
            let own = native::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition);
            let own = NonNull::new(own).expect("a consumer has a queue for every partition");
            native::rd_kafka_queue_forward(own.as_ptr(), self.queue.as_ptr());
            native::rd_kafka_queue_destroy(own.as_ptr());
        }
    }

    /// The least offset and the end of a partition as of its last fetch, without asking a broker.
    pub(crate) fn cached_watermarks(&self, topic_partition: &TopicPartition) -> Option<(i64, i64)> {
        let topic = CString::new(topic_partition.topic.as_str()).ok()?;
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client is alive, the name is copied, the numbers are ours.
        let known = unsafe {
            native::rd_kafka_get_watermark_offsets(
                self.consumer.client().native_ptr(),
                topic.as_ptr(),
                topic_partition.partition,
                &mut low,
                &mut high,
            )
        } == native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        (known && low >= 0 && high >= 0).then_some((low, high))
    }

    /// Hands out what is there, or comes within `timeout_ms`, with the number of its topic, until
    /// the visitor has enough.
    ///
    /// A visitor that panics has had its record; what follows stays in the queue, and the panic is
    /// returned for the caller to go on with.
    pub(crate) fn visit(
        &mut self,
        timeout_ms: i32,
        visitor: &mut dyn FnMut(Option<usize>, &Fetched<'_>) -> Visit,
    ) -> Result<(), Box<dyn Any + Send>> {
        let client = self.consumer.client().native_ptr();
        let mut round = Round {
            client,
            topics: &self.topics,
            visitor,
            panic: None,
        };
        // SAFETY: the queue is alive. `round` outlives the call, which calls back on this thread
        // only, and nothing else touches `round` meanwhile.
        unsafe {
            native::rd_kafka_consume_callback_queue(
                self.queue.as_ptr(),
                timeout_ms,
                Some(on_message),
                (&raw mut round).cast::<c_void>(),
            );
        }
        round.panic.map_or(Ok(()), Err)
    }
}

impl<C: ConsumerContext> Drop for FetchQueue<C> {
    fn drop(&mut self) {
        // SAFETY: each handle is given back once, and before the consumer, which is dropped after
        // this body.
        unsafe {
            for topic in &self.topics {
                native::rd_kafka_topic_destroy(topic.as_ptr());
            }
            native::rd_kafka_queue_destroy(self.queue.as_ptr());
            native::rd_kafka_queue_destroy(self.events.as_ptr());
        }
    }
}

struct Round<'a> {
    client: *mut native::rd_kafka_t,
    topics: &'a [NonNull<native::rd_kafka_topic_t>],
    visitor: &'a mut dyn FnMut(Option<usize>, &Fetched<'_>) -> Visit,
    panic: Option<Box<dyn Any + Send>>,
}

/// Called by librdkafka for each record, on the thread that called `visit`.
unsafe extern "C" fn on_message(message: *mut native::rd_kafka_message_t, opaque: *mut c_void) {
    // SAFETY: `opaque` is the `Round` that `visit` passed, and nothing else uses it during the call.
    let round = unsafe { &mut *opaque.cast::<Round<'_>>() };
    let fetched = Fetched {
        message,
        record: PhantomData,
    };
    let topic = fetched.topic();
    // A handful of topics: a scan beats any map.
    let topic_index = round.topics.iter().position(|held| held.as_ptr() == topic);
    let visited = catch_unwind(AssertUnwindSafe(|| (round.visitor)(topic_index, &fetched)));
    match visited {
        Ok(Visit::More) => return,
        Ok(Visit::Enough) => {}
        Err(panic) => round.panic = Some(panic),
    }
    // SAFETY: the client is alive. Called from a callback, this puts the rest of the round back at
    // the head of the queue.
    unsafe { native::rd_kafka_yield(round.client) };
}

/// Bytes that C calls pointer and size; null is none, which differs from empty.
///
/// # Safety
/// A pointer that is not null must be valid for `size` bytes during `'a`.
unsafe fn bytes<'a>(pointer: *const c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller promised.
    (!pointer.is_null()).then(|| unsafe { slice::from_raw_parts(pointer.cast::<u8>(), size) })
}
