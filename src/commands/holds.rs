//! `promoguard holds`: what a flag holds of a payout, order by order.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use promoguard_event::{DecoderLimits, EventTime, PseudonymKey, Status, Topic};
use promoguard_pipeline::Hashers;
use promoguard_sketch::HashKey;
use promoguard_storage::Output;

use super::DONE;
use crate::config::HoldsPlan;
use crate::config::keys::KeyRing;
use crate::engine::decode::{DecodePool, FileSource, IntakeKeys};
use crate::engine::features::each_line;
use promoguard_review::holds::{
    Candidate, FallenOrders, FellAway, HeldFlag, HoldList, HoldRequest, holds, read, write,
};

/// Runs the plan.
///
/// # Errors
/// An input cannot be read, the flag is not in it, or the list cannot be written.
pub(super) fn execute(plan: HoldsPlan) -> Result<u8> {
    let flag = read_flag(&plan)?;
    let orders = read_orders(&plan.judged_orders)?;
    let fallen = read_fallen(&plan)?;
    let request = HoldRequest {
        flag_id: &plan.flag_id,
        flag: flag.as_ref(),
        from: plan.from,
        rule: plan.rule,
    };
    let list = holds(&request, &orders, &fallen)?;
    write_list(&plan.out, plan.csv, &list)?;
    if !plan.quiet {
        eprint!("{}", write::summary(&list, flag.as_ref()));
    }
    Ok(DONE)
}

/// The last revision of the flag; `None` where no flags are given.
fn read_flag(plan: &HoldsPlan) -> Result<Option<HeldFlag>> {
    let mut flag = None;
    for path in &plan.flags {
        each_line(path, |line| {
            Ok(read::take_flag(line, &plan.flag_id, &mut flag)?)
        })?;
    }
    if flag.is_none() && !plan.flags.is_empty() {
        bail!("there is no flag {} in the flags given", plan.flag_id);
    }
    Ok(flag)
}

fn read_orders(paths: &[PathBuf]) -> Result<Vec<Candidate>> {
    let mut orders = Vec::new();
    for path in paths {
        each_line(path, |line| {
            orders.push(read::judged_order(line)?);
            Ok(())
        })?;
    }
    Ok(orders)
}

/// Orders whose last status is that they fell away.
fn read_fallen(plan: &HoldsPlan) -> Result<FallenOrders> {
    let keys = KeyRing::or_published(&plan.config.keys)?;
    let keys = IntakeKeys {
        pseudonyms: PseudonymKey::new(*keys.pseudonym.bytes()),
        limits: DecoderLimits::default(),
        hashers: Hashers::new(&HashKey::new(*keys.hash.bytes())),
    };
    let mut pool = DecodePool::new(1, &keys);
    let mut last: BTreeMap<(String, String), (EventTime, Status)> = BTreeMap::new();
    let mut bad_lines = 0;
    for path in &plan.orders {
        let mut source = FileSource::open(path, Topic::Orders)?;
        while let Some(decoded) = source.next(&mut pool).context("cannot read the orders")? {
            bad_lines += decoded.failed.len();
            for row in &decoded.records.orders {
                let key = (
                    row.order.merchant.to_string(),
                    row.order.order_id.to_string(),
                );
                let now = (row.ts, row.order.status);
                let known = last.entry(key).or_insert(now);
                if known.0 <= now.0 {
                    *known = now;
                }
            }
            source.recycle(decoded);
        }
    }
    if bad_lines > 0 && !plan.quiet {
        eprintln!("{bad_lines} lines of the orders could not be read and say nothing");
    }
    let fallen = last.into_iter().filter_map(|(order, (_, status))| {
        let fell_away = match status {
            Status::Cancelled => FellAway::Cancelled,
            Status::Returned => FellAway::Returned,
            Status::Created | Status::Paid | Status::Rejected => return None,
        };
        Some((order, fell_away))
    });
    Ok(fallen.collect())
}

fn write_list(path: &Path, csv: bool, list: &HoldList) -> Result<()> {
    let mut output = Output::create(path)?;
    let mut put = |text: String| {
        output
            .write_all(text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    };
    if csv {
        put(write::csv_header())?;
    }
    for line in &list.lines {
        put(if csv {
            write::csv_line(line)
        } else {
            write::ndjson_line(line)
        })?;
    }
    output.commit()?;
    Ok(())
}
