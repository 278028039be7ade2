//! The longer texts of `--help`: examples that can be pasted.

pub(super) const ABOUT: &str = "\
Finds leaked promo codes in streams of clicks and orders.

Partners get a promo code and earn a commission on each order that redeems it. When a code leaks
to a coupon site, a browser extension or a deal channel, orders come that the partner did not
bring. promoguard counts clicks and orders per code, judges each code at the end of each hour, and
writes a flag with its evidence, its likely start and the money at stake.";

pub(super) const TOP: &str = "\
Examples:
  promoguard demo
      See it work: a made-up market, its leaks, and the flags.
  promoguard replay --clicks clicks.ndjson.gz --orders orders.ndjson.gz --flags-out flags.ndjson
      Judge files.
  promoguard config example > promoguard.toml
  promoguard topics create --config promoguard.toml
  promoguard doctor --config promoguard.toml
  promoguard run --config promoguard.toml
      Set up against Kafka, check, and run.

Exit status: 0 done, 1 failed, 2 wrong usage or wrong settings.
`promoguard COMMAND --help` tells more about each command.";

pub(super) const DEMO: &str = "\
Examples:
  promoguard demo
      200 codes, six weeks; then open the address that it prints.
  promoguard demo --codes 1000 --weeks 8 --seed 7 --once
      A larger world; print the summary and end.

The page is the analysts' console; a decision there reaches the detector, and no password is asked,
so it listens on this machine only. Nothing is read and no network is used but that address; what the
console shows lies in a temporary file that is removed at the end.";

pub(super) const CONSOLE: &str = "\
Examples:
  promoguard console --store review.db --brokers kafka:9092
      Prints a link to make the first admin, then serves the console.
  promoguard console --config promoguard.toml --listen 10.0.0.7:9464
      On another address than this machine's own: only once there are users, and behind a proxy that
      speaks TLS, because browsers send the session over TLS only.

The review store is one file. It follows the topics of flags, windows, judged orders, codes and dead
letters from where it stands, and decisions leave for their topic. Settings: [review] and [http].";

pub(super) const AUDIT_VERIFY: &str = "\
Examples:
  promoguard audit verify --store review.db
      whole: 1204 entries; anchors vouch for the first 1198

Anchors lie beside the store, in review.db.anchors; copy them to hands that cannot write the store.
What came after the last anchor (every five minutes, and at the end) can be cut off unnoticed.";

pub(super) const REVIEW: &str = "\
Examples:
  promoguard review backup --store review.db --to review-2026-11-28.db
  promoguard review restore --store review.db --from review-2026-11-28.db";

pub(super) const REPLAY: &str = "\
Examples:
  promoguard replay --clicks clicks.ndjson --orders orders.ndjson --flags-out flags.ndjson
  promoguard replay --clicks clicks-*.ndjson.gz --orders orders-*.ndjson.gz --codes codes.csv \\
      --flags-out flags.ndjson --scores-out scores.ndjson --report report.html
  zcat orders.gz | promoguard replay --clicks clicks.ndjson --orders - --flags-out -

One JSON object a line; the fields are in README.md. Bad lines are counted and kept
(--dead-letters-out), they never stop a run. The same input gives the same flags, byte for byte,
however it is split into files and whatever the number of threads. At most one input may be `-`,
and at most one output. Without key files a fixed, published key is used: fine for files at home,
not for pseudonyms that leave the house.";

pub(super) const EXPLAIN: &str = "\
Examples:
  promoguard explain --code ALIYA10 --clicks clicks.ndjson --orders orders.ndjson --codes codes.csv
      Scores of both layers, what is lacking, and each signal: observed, ordinary, decibans.
  promoguard explain --code ALIYA10 --clicks clicks.ndjson --orders orders.ndjson --lang kk \\
      --at 2026-03-20T18:00:00+05:00
      As it stood then, in Kazakh.
  promoguard explain --code ALIYA10 --clicks clicks.ndjson --orders orders.ndjson --json |
      jq .lacking
      Only what a flag would need.

The files are judged as `replay` judges them, with all codes in them: what is normal is told by the
others. Give the same files, the same settings and the same --order. Exit status 1 when the code is
neither in the events nor in the registry; codes that look like it are named then.";

pub(super) const HOLDS: &str = "\
Examples:
  promoguard holds --flag 6b1f… --flags flags.ndjson --judged-orders judged.ndjson --out holds.csv
      Hold of each order since the onset its commission times the probability that it leaked.
  promoguard holds --flag 6b1f… --flags flags.ndjson --judged-orders judged.ndjson \\
      --orders orders.ndjson --from onset --threshold 0.5
      Hold whole orders, from the most likely onset on; release what was cancelled or returned.
  promoguard holds --flag 6b1f… --judged-orders judged.ndjson --from 2026-03-02T00:00:00+05:00
      Without the flags: probabilities as they were when each order was judged.

The list goes from the start of the hold to the end of the flag. Orders outside are released and
not listed; the totals on standard error count them. Amounts are exact, rounded once for each order
to 1/10,000; held and released add up to the commission. docs/explain-and-holds.md says how the
probabilities are reckoned.";

pub(super) const RUN: &str = "\
Examples:
  promoguard run --config promoguard.toml
  PROMOGUARD_KAFKA__BROKERS=kafka:9092 promoguard run --config promoguard.toml
  promoguard run --config promoguard.toml --set pipeline.reorder_slack_ms=60000

Stops on SIGINT or SIGTERM after it has finished what it holds. Health and metrics are at
http://127.0.0.1:9464/readyz and /metrics unless the settings say otherwise. Before the first run:
`promoguard topics create` and `promoguard doctor`.";

pub(super) const TRAIN: &str = "\
Examples:
  promoguard train --out model.json
      Fit on all families of worlds; half an hour on two cores.
  promoguard train --out without-agents.json --family programme,cascades
      Leave a family out, to see what a world that nobody fitted on would bring.
  promoguard replay --set model.file=model.json --clicks … --orders … --flags-out flags.ndjson
      Judge with it.

No labels of anybody are used: the worlds are made up, and what leaks in them is known. The file
says which worlds it was fitted on. The same arguments give the same model, byte for byte, whatever
the number of threads.";

pub(super) const SIMULATE: &str = "\
Examples:
  promoguard simulate --out world --codes 500 --days 56 --seed 3
  promoguard replay --clicks world/clicks.ndjson --orders world/orders.ndjson \\
      --codes world/codes.ndjson --flags-out flags.ndjson
      Compare flags.ndjson with world/truth.ndjson, which says what leaked, and when.
  promoguard simulate --kafka --rate 2000 --config promoguard.toml
  promoguard simulate --out world --preset walled --spread 1

Presets:
  mixed   shops of their own and marketplaces
  walled  marketplaces only: no click ids, hardly a referrer
  open    shops of their own only
  hard    small and slow leaks, many innocent stories that look like one
  honest  no leak at all, many innocent stories
  small   one brand with five codes
  drawn   everything drawn at random

The same seed and options give the same bytes.";

pub(super) const EVALUATE: &str = "\
Examples:
  promoguard evaluate --seeds 301..303
      False flags, leaks found, money saved, delays and intervals, in three worlds.
  promoguard evaluate --preset mixed,walled,hard --seeds 1..8 --html page.html --json all.json
      The same for three kinds of world, as a page with pictures and as JSON.
  promoguard evaluate --seeds 1..8 --set detect.false_flags_per_1000_code_weeks=0.5

Every world goes through the pipeline that `run` and `replay` use, in order of arrival. The same
seeds and settings give the same figures. Choose settings on some seeds and tell the figures of
others. docs/evaluate.md says what each figure counts.";

pub(super) const TOPICS: &str = "\
Examples:
  promoguard topics create --dry-run
  promoguard topics create --partitions 24 --replication-factor 3 --config promoguard.toml
  promoguard topics list --brokers kafka:9092";

pub(super) const TOPICS_CREATE: &str = "\
The number of partitions bounds how far a deployment can scale and cannot be changed later without
rebuilding the state from the topics, so choose it for the years to come: 12 serves some tens of
thousands of events a second.";

pub(super) const STATE: &str = "\
Examples:
  promoguard state inspect --config promoguard.toml
  promoguard state verify --location promoguard-state

Nothing is changed, and a process that runs is not disturbed. Exit status 1 when the newest
checkpoint cannot be restored.";

pub(super) const DOCTOR: &str = "\
Examples:
  promoguard doctor --config promoguard.toml
  promoguard doctor --offline

Nothing is changed. Exit status 1 when a check failed; warnings alone leave it 0.";

pub(super) const CONFIG: &str = "\
Examples:
  promoguard config example > promoguard.toml
  promoguard config check --config promoguard.toml
  PROMOGUARD_LOG__FORMAT=json promoguard config show --config promoguard.toml

Layers, the later wins: default, file, environment, command line. Any setting `a.b` is also
PROMOGUARD_A__B in the environment and `--set a.b=VALUE` on the command line.";
