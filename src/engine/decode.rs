//! Files become decoded chunks, in the order of each file, on one thread or on several.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use promoguard_event::{DecodeError, DecoderLimits, ErrorKind, PseudonymKey, Topic};
use promoguard_pipeline::{FieldDefects, Hashers, Intake, Records};
use promoguard_storage::{Chunk, LineReader, ReaderLimits};

/// The lines of a piece of a file and what they decode to.
#[derive(Default)]
pub struct DecodedChunk {
    /// The lines as they came.
    pub chunk: Chunk,
    /// The good ones, decoded.
    pub records: Records,
    /// For each decoded row, in order, the index of its line in `chunk`.
    pub lines: Vec<u32>,
    /// Index of each bad line, and what is wrong with it.
    pub failed: Vec<(u32, DecodeError)>,
    /// Optional fields that were malformed.
    pub defects: FieldDefects,
}

impl DecodedChunk {
    /// Decodes the lines that `chunk` holds.
    fn decode(&mut self, topic: Topic, intake: &mut Intake) {
        self.records.clear();
        self.lines.clear();
        self.failed.clear();
        for (index, line) in self.chunk.lines().enumerate() {
            let outcome = match line.oversize {
                Some(_) => Err(DecodeError::of_record(ErrorKind::TooLarge)),
                None => intake.decode(topic, line.bytes, &mut self.records),
            };
            match outcome {
                Ok(()) => self.lines.push(index as u32),
                Err(error) => self.failed.push((index as u32, error)),
            }
        }
        self.defects = intake.take_defects();
    }
}

/// What every intake of a run is made from.
#[derive(Clone)]
pub struct IntakeKeys {
    /// Key of the pseudonyms.
    pub pseudonyms: PseudonymKey,
    /// Bounds of a record.
    pub limits: DecoderLimits,
    /// Keyed hashes.
    pub hashers: Hashers,
}

impl IntakeKeys {
    /// A new intake.
    pub fn intake(&self) -> Intake {
        Intake::new(self.pseudonyms.clone(), self.limits, self.hashers.clone())
    }
}

/// A chunk on its way to a decoding thread.
pub struct Job {
    topic: Topic,
    decoded: Box<DecodedChunk>,
    done: Sender<Box<DecodedChunk>>,
}

/// Decodes chunks: on the caller's thread, or on threads of its own.
pub enum DecodePool {
    /// On the caller's thread.
    Here(Box<Intake>),
    /// On worker threads that end when the pool is dropped.
    Workers {
        /// Where jobs go; bounded by the chunks that the files have in flight.
        jobs: Sender<Job>,
        /// Chunks that a file may have in flight.
        depth: usize,
    },
}

impl DecodePool {
    /// `threads` = 1 decodes on the caller's thread.
    pub fn new(threads: usize, keys: &IntakeKeys) -> Self {
        if threads <= 1 {
            return Self::Here(Box::new(keys.intake()));
        }
        let (jobs, queue) = unbounded::<Job>();
        for _ in 0..threads {
            let queue = queue.clone();
            let intake = keys.intake();
            thread::spawn(move || work(&queue, intake));
        }
        let depth = 2 * threads;
        Self::Workers { jobs, depth }
    }
}

fn work(queue: &Receiver<Job>, mut intake: Intake) {
    while let Ok(mut job) = queue.recv() {
        job.decoded.decode(job.topic, &mut intake);
        // A reader that gave up does not want its chunk any more.
        let _ = job.done.send(job.decoded);
    }
}

/// One input file, decoded chunk by chunk in its order.
pub struct FileSource {
    path: PathBuf,
    topic: Topic,
    reader: LineReader,
    ended: bool,
    in_flight: VecDeque<Receiver<Box<DecodedChunk>>>,
    #[allow(clippy::vec_box, reason = "chunks go back and forth boxed")]
    spare: Vec<Box<DecodedChunk>>,
}

impl FileSource {
    /// Opens a file of records of `topic`.
    ///
    /// # Errors
    /// The file cannot be opened; the error names it.
    pub fn open(path: &Path, topic: Topic) -> Result<Self> {
        let reader = LineReader::open(path, ReaderLimits::default())
            .with_context(|| format!("cannot read {} from {}", topic.as_str(), path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            topic,
            reader,
            ended: false,
            in_flight: VecDeque::new(),
            spare: Vec::new(),
        })
    }

    /// Which records the file holds.
    pub fn topic(&self) -> Topic {
        self.topic
    }

    /// The file's name as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file taken in, and how many it has where that is known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        self.reader.progress()
    }

    /// The next chunk, decoded; `None` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read on; every whole line before was delivered.
    pub fn next(&mut self, pool: &mut DecodePool) -> Result<Option<Box<DecodedChunk>>> {
        match pool {
            DecodePool::Here(intake) => {
                let Some(mut decoded) = self.read_chunk()? else {
                    return Ok(None);
                };
                decoded.decode(self.topic, intake);
                Ok(Some(decoded))
            }
            DecodePool::Workers { jobs, depth } => {
                while self.in_flight.len() < *depth
                    && let Some(decoded) = self.read_chunk()?
                {
                    let (done, result) = bounded(1);
                    let topic = self.topic;
                    jobs.send(Job {
                        topic,
                        decoded,
                        done,
                    })
                    .context("the decoding threads ended")?;
                    self.in_flight.push_back(result);
                }
                let Some(next) = self.in_flight.pop_front() else {
                    return Ok(None);
                };
                let decoded = next.recv().context("a decoding thread failed")?;
                Ok(Some(decoded))
            }
        }
    }

    /// Gives a chunk back, so that its buffers are used again.
    pub fn recycle(&mut self, decoded: Box<DecodedChunk>) {
        self.spare.push(decoded);
    }

    fn read_chunk(&mut self) -> Result<Option<Box<DecodedChunk>>> {
        if self.ended {
            return Ok(None);
        }
        let mut decoded = self.spare.pop().unwrap_or_default();
        let more = self
            .reader
            .next_chunk(&mut decoded.chunk)
            .with_context(|| format!("cannot read on in {}", self.path.display()))?;
        if more {
            return Ok(Some(decoded));
        }
        self.ended = true;
        self.spare.push(decoded);
        Ok(None)
    }
}
