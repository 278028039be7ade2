//! Where checkpoints lie: a folder, or object storage by URL.
//!
//! Decides what the answers of a store mean to the commit protocol: created, taken, absent, or unclear, which is
//! everything else. Must not know what is stored: it only makes it smaller on the way in.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use promoguard_pipeline::commit::{Object, Reply, Request};

/// Why checkpoints cannot be kept somewhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointStoreError {
    /// The folder cannot be made or opened.
    #[error("cannot use the folder {} for checkpoints: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The URL names no store that is understood.
    #[error("cannot keep checkpoints at {url}: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Writing, or reading what was written, failed.
    #[error("cannot keep checkpoints at {place}: {what}: {reason}")]
    Unusable {
        /// Where.
        place: String,
        /// What was attempted.
        what: &'static str,
        /// What the store said.
        reason: String,
    },
    /// The store overwrites what was to be created once.
    #[error(
        "cannot keep checkpoints at {place}: it overwrote an object that was to be created once, so two processes could \
         both believe that they own the state; use a folder on a local disk, or a store that honours If-None-Match"
    )]
    Overwrites {
        /// Where.
        place: String,
    },
}

/// An answer to the protocol, and for people what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// For the protocol.
    pub reply: Reply,
    /// Why the answer is not clear.
    pub problem: Option<String>,
}

/// A place for checkpoints.
#[derive(Clone)]
pub struct CheckpointStore {
    store: Arc<dyn ObjectStore>,
    folder: ObjectPath,
    place: String,
}

/// The cheapest level: state is mostly numbers, and higher ones cost much more than they save.
const COMPRESSION_LEVEL: i32 = 1;

impl CheckpointStore {
    /// A store at a path, or at a URL such as `s3://bucket/folder` in a build with the feature `object-storage`.
    /// Credentials and endpoints of object storage come from `environment`, under the names that its own tools use
    /// (`AWS_REGION`, …).
    ///
    /// # Errors
    /// The place cannot be opened. Whether it can be used shows [`CheckpointStore::probe`].
    pub fn open(
        location: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, CheckpointStoreError> {
        if location.contains("://") {
            return Self::open_url(location, environment);
        }
        let path = Path::new(location);
        let folder_error = |source| CheckpointStoreError::Folder {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path).map_err(folder_error)?;
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| folder_error(std::io::Error::other(error)))?
            // Off by default there, and a commit that the disk forgets is none.
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: ObjectPath::default(),
            place: location.to_owned(),
        })
    }

    /// A store that is there already, for tests.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            place: store.to_string(),
            store,
            folder: ObjectPath::default(),
        }
    }

    #[cfg(feature = "object-storage")]
    fn open_url(
        location: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, CheckpointStoreError> {
        let url_error = |reason: String| CheckpointStoreError::Url {
            url: location.to_owned(),
            reason,
        };
        let url = url::Url::parse(location).map_err(|error| url_error(error.to_string()))?;
        if url.scheme() == "file" {
            return Err(url_error("give a folder as a plain path".to_owned()));
        }
        let options = environment
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, folder) = object_store::parse_url_opts(&url, options)
            .map_err(|error| url_error(error.to_string()))?;
        Ok(Self {
            store: Arc::from(store),
            folder,
            place: location.to_owned(),
        })
    }

    #[cfg(not(feature = "object-storage"))]
    fn open_url(
        location: &str,
        _: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, CheckpointStoreError> {
        Err(CheckpointStoreError::Url {
            url: location.to_owned(),
            reason: "this build keeps checkpoints in a folder only; build with `--features object-storage`".to_owned(),
        })
    }

    /// Where it is, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Does what the protocol asks. With object storage this needs a tokio runtime.
    pub async fn serve(&self, request: &Request) -> Served {
        let outcome = match request {
            Request::List(prefix) => self.list(prefix).await,
            Request::Get(name) => self.get(name).await,
            Request::Put(name, bytes) => self.put(name, bytes, PutMode::Overwrite).await,
            Request::Create(name, bytes) => self.put(name, bytes, PutMode::Create).await,
            Request::Delete(name) => {
                let deleted = self.store.delete(&self.path(name)).await;
                deleted.map(|()| Reply::Done)
            }
        };
        match outcome {
            Ok(reply) => Served {
                reply,
                problem: None,
            },
            Err(object_store::Error::NotFound { .. }) => Served {
                reply: Reply::Absent,
                problem: None,
            },
            Err(object_store::Error::AlreadyExists { .. }) => Served {
                reply: Reply::Exists,
                problem: None,
            },
            Err(error) => Served {
                reply: Reply::Unclear,
                problem: Some(error.to_string()),
            },
        }
    }

    /// Whether the store does what commits rely on: it keeps what it was given, and creates a name once. `token` is
    /// new each time.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe(&self, token: u64) -> Result<(), CheckpointStoreError> {
        let name = format!("probe/{token:016x}");
        let first = self.create(&name, b"first").await?;
        if first != Reply::Done {
            return Err(self.unusable("create a new object", format!("{first:?}")));
        }
        let second = self.create(&name, b"second").await;
        let found = self.serve(&Request::Get(name.clone())).await;
        self.serve(&Request::Delete(name)).await;
        match (second?, found.reply) {
            (Reply::Exists, Reply::Bytes(bytes)) if bytes == b"first" => Ok(()),
            (Reply::Exists, other) => Err(self.unusable(
                "read what was written",
                found.problem.unwrap_or_else(|| format!("{other:?}")),
            )),
            _ => Err(CheckpointStoreError::Overwrites {
                place: self.place.clone(),
            }),
        }
    }

    async fn create(&self, name: &str, bytes: &[u8]) -> Result<Reply, CheckpointStoreError> {
        let request = Request::Create(name.to_owned(), bytes.to_vec());
        let Served { reply, problem } = self.serve(&request).await;
        match problem {
            None => Ok(reply),
            Some(reason) => Err(self.unusable("create an object", reason)),
        }
    }

    fn unusable(&self, what: &'static str, reason: String) -> CheckpointStoreError {
        CheckpointStoreError::Unusable {
            place: self.place.clone(),
            what,
            reason,
        }
    }

    fn path(&self, name: &str) -> ObjectPath {
        name.split('/')
            .fold(self.folder.clone(), |path, part| path.join(part))
    }

    async fn list(&self, prefix: &str) -> object_store::Result<Reply> {
        let folder = self.path(prefix.trim_end_matches('/'));
        let metas: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = since_epoch.map_or(0, |duration| duration.as_millis() as i64);
        let objects = metas.into_iter().filter_map(|meta| {
            let name = meta.location.parts().next_back()?.as_ref().to_owned();
            let age_ms = now_ms - meta.last_modified.timestamp_millis();
            Some(Object {
                name: format!("{prefix}{name}"),
                age_ms: age_ms.max(0) as u64,
            })
        });
        Ok(Reply::Listed(objects.collect()))
    }

    async fn get(&self, name: &str) -> object_store::Result<Reply> {
        let stored = self.store.get(&self.path(name)).await?.bytes().await?;
        // What cannot be unpacked is handed on as it is: the protocol sees the damage, and says whose it is.
        let bytes = zstd::decode_all(&stored[..]).unwrap_or_else(|_| stored.to_vec());
        Ok(Reply::Bytes(bytes))
    }

    async fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> object_store::Result<Reply> {
        let packed = zstd::encode_all(bytes, COMPRESSION_LEVEL).map_err(|error| {
            object_store::Error::Generic {
                store: "zstd",
                source: Box::new(error),
            }
        })?;
        let options = PutOptions::from(mode);
        let path = self.path(name);
        let put = self.store.put_opts(&path, packed.into(), options);
        put.await.map(|_| Reply::Done)
    }
}

impl fmt::Debug for CheckpointStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CheckpointStore({})", self.place)
    }
}
