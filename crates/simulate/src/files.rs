//! A whole world as files: records, registry, sightings, and the truth beside them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::delivery::Totals;
use crate::json::Object;
use crate::record::{Record, RecordBatch, Topic};
use crate::world::World;

/// Records between two writes.
const BATCH_RECORDS: usize = 4_096;

/// Where the lines of a world go; each is NDJSON. Callers choose compression and buffering.
pub struct Outputs<'a> {
    /// Clicks in order of arrival.
    pub clicks: &'a mut dyn Write,
    /// Orders in order of arrival.
    pub orders: &'a mut dyn Write,
    /// The registry.
    pub codes: &'a mut dyn Write,
    /// Sightings by time.
    pub sightings: &'a mut dyn Write,
    /// One line per code: what really happened.
    pub truth: &'a mut dyn Write,
    /// One line per leaked order: `{"order_id", "merchant", "code", "ts"}`.
    pub leaked_orders: &'a mut dyn Write,
}

/// Runs the world to its end and writes everything.
///
/// # Errors
/// The first failed write.
pub fn write_world(world: &mut World, outputs: &mut Outputs<'_>) -> io::Result<Totals> {
    outputs.codes.write_all(&world.codes())?;
    outputs.sightings.write_all(&world.sightings())?;
    let mut batch = RecordBatch::with_records_max(BATCH_RECORDS);
    let mut line = Vec::new();
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            let output = match record.topic {
                Topic::Clicks => &mut *outputs.clicks,
                Topic::Orders => &mut *outputs.orders,
            };
            output.write_all(record.payload)?;
            output.write_all(b"\n")?;
            if record.marks.fraudulent && record.marks.first_of_order {
                line.clear();
                write_leaked_order(&record, &mut line);
                outputs.leaked_orders.write_all(&line)?;
            }
        }
        batch.clear();
    }
    outputs.truth.write_all(&world.truth_lines())?;
    Ok(world.totals())
}

/// Runs the world to its end and writes `clicks.ndjson`, `orders.ndjson`, `codes.ndjson`,
/// `sightings.ndjson`, `truth.ndjson` and `leaked-orders.ndjson` into `folder`, which must exist.
///
/// # Errors
/// A file that cannot be created or written.
pub fn write_files(world: &mut World, folder: &Path) -> io::Result<Totals> {
    let open = |name: &str| {
        File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 18, file))
    };
    let mut files = [
        open("clicks.ndjson")?,
        open("orders.ndjson")?,
        open("codes.ndjson")?,
        open("sightings.ndjson")?,
        open("truth.ndjson")?,
        open("leaked-orders.ndjson")?,
    ];
    let [clicks, orders, codes, sightings, truth, leaked_orders] = &mut files;
    let totals = write_world(
        world,
        &mut Outputs {
            clicks,
            orders,
            codes,
            sightings,
            truth,
            leaked_orders,
        },
    )?;
    for file in &mut files {
        file.flush()?;
    }
    Ok(totals)
}

/// The order's id and merchant are cut from its payload, which this crate wrote itself in a fixed order.
fn write_leaked_order(record: &Record<'_>, out: &mut Vec<u8>) {
    let mut line = Object::open(out);
    line.text("order_id", text_after(record.payload, "\"order_id\":\""));
    line.text("merchant", text_after(record.payload, "\"merchant\":\""));
    line.text("code", record.key);
    line.time("ts", record.ts);
    line.close();
    out.push(b'\n');
}

fn text_after<'a>(payload: &'a [u8], opening: &str) -> &'a str {
    let payload = std::str::from_utf8(payload).expect("a well-formed payload is UTF-8");
    let from = payload
        .find(opening)
        .expect("every order has its required fields")
        + opening.len();
    let length = payload[from..].find('"').expect("a text ends with a quote");
    &payload[from..from + length]
}
