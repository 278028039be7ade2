//! `promoguard state`: a look at what `run` has saved, without disturbing it.

use std::io::Write as _;

use anyhow::{Context, Result, bail};
use promoguard_pipeline::commit::{MANIFEST_PREFIX, Manifest, Reply, Request};
use promoguard_storage::CheckpointStore;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::{DONE, FAILED};
use crate::config::StatePlan;
use crate::engine::checkpoint::runtime;

/// Looks.
///
/// # Errors
/// The store cannot be read, or has no checkpoint.
pub(super) fn execute(plan: StatePlan) -> Result<u8> {
    let location = &plan.config.checkpoint.location;
    if !location.contains("://") && !std::path::Path::new(location).is_dir() {
        bail!("there is no folder {location}");
    }
    let shelf = Shelf {
        store: CheckpointStore::open(location, std::env::vars())?,
        runtime: runtime()?,
    };
    let names = shelf.manifests()?;
    match plan.verify {
        true => verify(&shelf, &names),
        false => inspect(&shelf, &names),
    }
}

struct Shelf {
    store: CheckpointStore,
    runtime: Runtime,
}

impl Shelf {
    fn ask(&self, request: &Request) -> Result<Reply> {
        let served = self.runtime.block_on(self.store.serve(request));
        match served.problem {
            None => Ok(served.reply),
            Some(problem) => bail!("cannot read {}: {problem}", self.store.place()),
        }
    }

    /// Names of the manifests, newest first.
    fn manifests(&self) -> Result<Vec<String>> {
        let Reply::Listed(objects) = self.ask(&Request::List(MANIFEST_PREFIX))? else {
            bail!("{} cannot be listed", self.store.place());
        };
        let mut names: Vec<String> = objects.into_iter().map(|object| object.name).collect();
        names.sort_by(|a, b| b.cmp(a));
        if names.is_empty() {
            bail!("there is no checkpoint at {}", self.store.place());
        }
        Ok(names)
    }

    fn manifest(&self, name: &str) -> Result<Manifest> {
        match self.ask(&Request::Get(name.to_owned()))? {
            Reply::Bytes(bytes) => {
                Manifest::from_bytes(&bytes).with_context(|| format!("cannot read {name}"))
            }
            _ => bail!("{name} is missing"),
        }
    }

    /// Reads every piece of the state that a manifest names.
    fn check_segments(&self, manifest: &Manifest) -> Result<()> {
        for segment in &manifest.segments {
            match self.ask(&Request::Get(segment.name.clone()))? {
                Reply::Bytes(bytes) => {
                    let opened = segment.open(&bytes);
                    opened.with_context(|| format!("cannot read {}", segment.name))?;
                }
                _ => bail!("{} is missing", segment.name),
            }
        }
        Ok(())
    }
}

fn inspect(shelf: &Shelf, names: &[String]) -> Result<u8> {
    let manifest = shelf.manifest(&names[0])?;
    let offsets: Map<String, Value> = manifest
        .next_offsets
        .iter()
        .map(|(log, next)| (format!("{}-{}", log.topic, log.partition), json!(next)))
        .collect();
    let text = json!({
        "place": shelf.store.place(),
        "manifests": names.len(),
        "seq": manifest.seq,
        "epoch": manifest.epoch,
        "follows": manifest.follows,
        "lineage": format!("{:016x}", manifest.identity.lineage),
        "partitions": manifest.identity.partitions,
        "detector": manifest.detector,
        "next_offsets": offsets,
        "idle_steps": manifest.idle_steps.len(),
        "segments": manifest.segments.iter().map(|s| json!({"name": s.name, "bytes": s.bytes})).collect::<Vec<_>>(),
        "state_bytes": manifest.state_bytes(),
        "outbox": manifest.outbox.len(),
        "counters": manifest.counters,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&text)?)?;
    Ok(DONE)
}

fn verify(shelf: &Shelf, names: &[String]) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    let mut newest_is_whole = false;
    for (nth, name) in names.iter().enumerate() {
        let checked = shelf
            .manifest(name)
            .and_then(|manifest| shelf.check_segments(&manifest).map(|()| manifest));
        match checked {
            Ok(manifest) => {
                newest_is_whole |= nth == 0;
                let segments = manifest.segments.len();
                writeln!(
                    out,
                    "{name} ok: {segments} segments, {} bytes",
                    manifest.state_bytes()
                )?;
            }
            Err(error) => writeln!(out, "{name} damaged: {error:#}")?,
        }
    }
    Ok(if newest_is_whole { DONE } else { FAILED })
}
