//! `promoguard evaluate`: figures of hand-made outcomes, and of small simulated worlds.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too, may end a test")]

use promoguard::evaluate::comparison::Setting;
use promoguard::evaluate::counts::Share;
use promoguard::evaluate::html::to_html;
use promoguard::evaluate::json::to_json;
use promoguard::evaluate::outcome::{
    Climb, CodeOutcome, Course, Episode, Fate, Interval, Leak, LeakedOrder, Told, Volume,
    WorldOutcome,
};
use promoguard::evaluate::preset::Preset;
use promoguard::evaluate::rules::scores;
use promoguard::evaluate::table::to_table;
use promoguard::evaluate::trained::trained;
use promoguard::evaluate::world::Setup;
use promoguard::evaluate::{Evaluation, Worlds, evaluate, evaluate_against, sum_up};
use promoguard_detect::DetectSettings;
use promoguard_event::{FlagKind, PseudonymKey, Track};
use promoguard_pipeline::PipelineSettings;
use promoguard_simulate::{Family, LeakKind};
use promoguard_sketch::HashKey;

use crate::cli::check_golden;

/// Scores: the detector's and the rules'.
const SCORES: usize = 5;

fn code(fate: Fate) -> CodeOutcome {
    CodeOutcome {
        code: "SALE10".into(),
        fate,
        story: "plain",
        tier: "nano",
        marketplace: None,
        leak: None,
        honest_by_day: vec![10.0; 14],
        episodes: Vec::new(),
        climbs: vec![Climb::default(); SCORES],
    }
}

/// A leak of one order every hour from hour 100 on, each worth 2.
fn leaking(orders: i32) -> CodeOutcome {
    let orders = (0..orders).map(|nth| LeakedOrder {
        hour: 100 + nth,
        value: 2.0,
    });
    CodeOutcome {
        leak: Some(Leak {
            kind: LeakKind::CouponSite,
            intensity: 1.5,
            course: Course::default(),
            first_at_hours: 100.25,
            first_hour: 100,
            orders: orders.collect(),
        }),
        ..code(Fate::Leaks)
    }
}

fn flag(opened: i32, cleared: Option<i32>, told: Option<Told>) -> Episode {
    Episode {
        track: Track::Leak,
        kind: FlagKind::CouponSite,
        score_db: 31.0,
        opened,
        cleared,
        first: told,
        last: told,
    }
}

fn told(onset: (f64, f64), orders: (f64, f64), truth: f64) -> Told {
    Told {
        onset: Interval {
            low: onset.0,
            high: onset.1,
            truth: 100.25,
        },
        orders: Interval {
            low: orders.0,
            high: orders.1,
            truth,
        },
        commission: None,
    }
}

fn world(seed: u64, codes: Vec<CodeOutcome>) -> WorldOutcome {
    WorldOutcome {
        family: Family::Programme,
        preset: Preset::named("mixed").unwrap(),
        seed,
        weeks: 2.0,
        codes,
        volume: Volume {
            records: 1_000,
            orders: 100,
            judged_orders: 100,
        },
    }
}

fn figures(worlds: &[WorldOutcome]) -> Evaluation {
    let scores = scores(DetectSettings::default().flag_db());
    sum_up(
        &DetectSettings::default(),
        &scores,
        (1, worlds.len() as u64),
        worlds,
    )
}

#[test]
fn delay_and_money_count_from_the_hour_after_the_flag() {
    let mut found = leaking(20);
    // Opens with the tenth order, is cleared with the fifteenth.
    found.episodes.push(flag(109, Some(114), None));
    let evaluation = figures(&[world(1, vec![found, leaking(4)])]);
    let all = evaluation.overall.scorecard.leaks_of("leaks", "all");
    let all = all.unwrap();
    assert_eq!(all.found, Share { n: 1, of: 2 });
    assert_eq!(all.delay_orders.figures(), [10.0]);
    // Hour 109 is over at 110.
    assert_eq!(all.delay_hours.figures(), [9.75]);
    assert_eq!((all.saved.part, all.saved.of), (10.0, 48.0));
    assert_eq!(all.saved_after_first_flag.part, 20.0);
    let of_five = evaluation
        .overall
        .scorecard
        .leaks_of("leaks", "of 5 orders or more");
    assert_eq!(of_five.unwrap().found, Share { n: 1, of: 1 });
}

#[test]
fn a_flag_before_the_leak_is_early_and_one_that_opens_with_it_still_finds_it() {
    let mut twice = leaking(20);
    twice.episodes.push(flag(20, Some(40), None));
    twice.episodes.push(flag(104, None, None));
    let mut once = leaking(20);
    once.episodes.push(flag(20, None, None));
    let evaluation = figures(&[world(1, vec![twice, once])]);
    let card = &evaluation.overall.scorecard;
    assert_eq!(card.early_flags, Share { n: 2, of: 2 });
    let all = card.leaks_of("leaks", "all").unwrap();
    assert_eq!(all.found, Share { n: 1, of: 2 });
    assert_eq!(all.saved.part, 30.0);
    assert_eq!(card.false_flags.all.events, 0);
}

#[test]
fn an_interval_holds_the_truth_or_says_on_which_side_it_is() {
    let outcome = |told| {
        let mut code = leaking(20);
        code.episodes.push(flag(109, None, Some(told)));
        code
    };
    let codes = vec![
        outcome(told((90.0, 101.0), (8.0, 12.0), 10.0)),
        outcome(told((101.0, 105.0), (11.0, 12.0), 10.0)),
        outcome(told((80.0, 99.0), (3.0, 7.0), 10.0)),
    ];
    let evaluation = figures(&[world(1, codes)]);
    let opened = evaluation.overall.scorecard.coverage.opened;
    let sides =
        |sides: promoguard::evaluate::scorecard::Sides| (sides.below, sides.inside, sides.above);
    assert_eq!(sides(opened.onset), (1, 1, 1));
    assert_eq!(sides(opened.leaked_orders), (1, 1, 1));
    assert_eq!(opened.commission.share(), Share { n: 0, of: 0 });
}

#[test]
fn honest_money_is_held_on_the_days_after_the_flag_until_it_is_cleared() {
    let mut held = code(Fate::Clean);
    // Opened on day 2, cleared in the middle of day 6: days 3 to 5 are held.
    held.episodes.push(flag(50, Some(6 * 24 + 12), None));
    let evaluation = figures(&[world(1, vec![held, code(Fate::Clean)])]);
    let card = &evaluation.overall.scorecard;
    assert_eq!(card.falsely_held.on_clean_codes.part, 30.0);
    assert_eq!(card.falsely_held.on_clean_codes.of, 280.0);
    assert_eq!(card.false_flags.all.events, 1);
    assert_eq!(card.false_flags.all.weeks, 4.0);
    // Without clearing everything from day 3 on would be held.
    assert_eq!(evaluation.overall.comparison[0].falsely_held.part, 110.0);
}

/// Two worlds: in each some honest codes with rising scores of the second rule, and a leak.
fn two_worlds() -> Vec<WorldOutcome> {
    let worlds = (1..=2).map(|seed| {
        let mut codes = Vec::new();
        for nth in 0..600 {
            let mut honest = code(Fate::Clean);
            honest.climbs[1].note(23, f64::from(nth) / 600.0, false);
            codes.push(honest);
        }
        let mut leak = leaking(20);
        leak.climbs[0].note(90, 5.0, false);
        leak.climbs[0].note(105, 41.0, true);
        leak.climbs[1].note(119, 0.999, true);
        leak.episodes
            .push(flag(105, None, Some(told((90.0, 101.0), (4.0, 9.0), 6.0))));
        codes.push(leak);
        let mut flooded = code(Fate::Flooded);
        flooded.episodes.push(Episode {
            track: Track::ClickFlood,
            kind: FlagKind::ClickFlood,
            ..flag(30, None, None)
        });
        codes.push(flooded);
        world(seed, codes)
    });
    worlds.collect()
}

#[test]
fn a_threshold_from_other_seeds_spends_the_budget_there() {
    let worlds = two_worlds();
    let evaluation = figures(&worlds);
    // 1,200 clean code-weeks in the other world allow one false flag.
    let row = evaluation
        .overall
        .comparison
        .iter()
        .find(|row| row.name == "click-less share" && row.setting == Setting::OtherSeeds)
        .unwrap();
    assert_eq!(row.false_flags.events, 2);
    assert_eq!(row.found, Share { n: 2, of: 2 });
    assert_eq!(row.delay_orders.figures(), [20.0, 20.0]);
    // One world has no other seeds, so nothing is claimed.
    let alone = figures(&worlds[..1]);
    for row in &alone.overall.comparison {
        if row.setting == Setting::OtherSeeds {
            assert_eq!((row.threshold, row.false_flags.weeks), (None, 0.0));
        }
    }
}

#[test]
fn the_detector_and_every_rule_are_judged_on_the_same_code_weeks_and_leaks() {
    let evaluation = small_worlds(1);
    let overall = &evaluation.overall;
    let flags = &overall.comparison[0];
    assert!(flags.false_flags.weeks > 0.0 && flags.found.of > 0);
    assert_eq!(
        overall.scorecard.false_flags.all.weeks,
        flags.false_flags.weeks
    );
    for row in &overall.comparison {
        assert_eq!(
            row.false_flags.weeks, flags.false_flags.weeks,
            "{}",
            row.name
        );
        assert_eq!(row.found.of, flags.found.of, "{}", row.name);
        assert_eq!(row.saved.of, flags.saved.of, "{}", row.name);
        assert_eq!(row.falsely_held.of, flags.falsely_held.of, "{}", row.name);
    }
    for step in &overall.steps {
        assert_eq!(step.false_flags.weeks, flags.false_flags.weeks);
    }
}

#[test]
fn the_number_of_threads_changes_no_figure() {
    let one = small_worlds(1);
    assert_eq!(to_json(&one), to_json(&small_worlds(2)));
    let extent = one.overall.scorecard.extent;
    assert_eq!((extent.worlds, extent.codes), (2, 60));
    assert!(extent.orders > 500, "{extent:?}");
    // Every order of these worlds is judged, and met with its truth.
    assert_eq!(extent.judged_orders, extent.orders);
}

fn small_setup() -> Setup {
    Setup {
        scores: scores(DetectSettings::default().flag_db()),
        pipeline: PipelineSettings {
            click_filter_bytes_max: 1 << 20,
            ..PipelineSettings::default()
        },
        detect: DetectSettings::default(),
        hash_key: HashKey::documented(),
        pseudonym_key: PseudonymKey::new([7; 32]),
    }
}

fn two_small_worlds() -> Worlds {
    Worlds {
        families: vec![Family::Programme],
        presets: vec![Preset::named("mixed").unwrap()],
        seeds: (11, 12),
        codes: Some(30),
        days: Some(21.0),
    }
}

fn small_worlds(threads: usize) -> Evaluation {
    evaluate(&small_setup(), &two_small_worlds(), threads, &|_| {}).unwrap()
}

#[test]
fn trees_that_were_told_the_truth_find_leaks_and_change_no_figure_of_the_detector() {
    let mut setup = small_setup();
    let worlds = two_small_worlds();
    let rival = trained(&setup, &worlds, 4, 2, &|_| {}).unwrap();
    setup.scores.push(rival);
    let with_rival = evaluate(&setup, &worlds, 2, &|_| {}).unwrap();
    let without = small_worlds(2);
    assert_eq!(with_rival.detector, without.detector);
    let told =
        |evaluation: &Evaluation| serde_json::to_string(&evaluation.overall.scorecard).unwrap();
    assert_eq!(told(&with_rival), told(&without));
    let rows = &with_rival.overall.comparison;
    let rival = rows
        .iter()
        .find(|row| row.name == "trained on the truth" && row.setting == Setting::Natural)
        .unwrap();
    assert!(rival.found.n >= 2, "{rival:?}");
    // Log odds above nought: whoever guesses blindly flags half of the honest codes too.
    assert!(rival.false_flags.events <= 8, "{rival:?}");
}

#[test]
fn another_judge_is_set_beside_the_one_in_force() {
    let setup = small_setup();
    let other = DetectSettings {
        false_flags_per_1000_code_weeks: 20.0,
        ..DetectSettings::default()
    };
    let evaluation = evaluate_against(&setup, &other, &two_small_worlds(), 2, &|_| {}).unwrap();
    let beside = evaluation.against.as_ref().unwrap();
    assert_ne!(beside.detector, evaluation.detector);
    // A judge with a larger budget finds all that the present one finds, and more.
    assert_eq!(beside.found.only_present, 0);
    assert!(beside.found.only_other > 0, "{beside:?}");
    let found = |card: &promoguard::evaluate::scorecard::Scorecard| {
        card.leaks_of("leaks", "all").unwrap().found.n
    };
    assert_eq!(
        beside.found.both + beside.found.only_other,
        found(&beside.scorecard)
    );
    let text = to_table(&evaluation);
    assert!(text.contains("two judges on the same worlds"), "{text}");
    assert!(to_html(&evaluation).contains("Two judges on the same worlds"));
    let json: serde_json::Value = serde_json::from_str(&to_json(&evaluation)).unwrap();
    assert_eq!(json["against"]["found"]["both"], beside.found.both);
}

#[test]
fn the_table_is_the_one_that_was_read_and_agreed() {
    let text = to_table(&figures(&two_worlds()));
    // The version and the hash of the settings change with every measurement.
    let (_, rest) = text.split_once(", flags at ").unwrap();
    check_golden("evaluate.txt", &format!("detector …, flags at {rest}"));
}

#[test]
fn the_json_has_every_rate_with_what_it_is_made_from() {
    let json: serde_json::Value = serde_json::from_str(&to_json(&figures(&two_worlds()))).unwrap();
    assert_eq!(json["format"], "promoguard-evaluation");
    assert_eq!(json["version"], 1);
    let rate = &json["overall"]["scorecard"]["false_flags"]["all"];
    assert_eq!(rate["events"], 0);
    assert_eq!(rate["clean_code_weeks"], 2400.0);
    assert_eq!(rate["high_95"], 1.53703);
    let floods = &json["overall"]["scorecard"]["floods"]["found"];
    assert_eq!((&floods["n"], &floods["of"]), (&2.into(), &2.into()));
}

#[test]
fn the_page_needs_nothing_else_and_its_pictures_are_well_formed() {
    for worlds in [two_worlds(), Vec::new()] {
        let page = to_html(&figures(&worlds));
        for word in ["<script", "http:", "https:", "url(", "NaN", " style="] {
            assert!(!page.contains(word), "{word}");
        }
        let pictures: Vec<&str> = page
            .split("<svg")
            .skip(1)
            .filter_map(|rest| rest.split_once("</svg>"))
            .map(|(picture, _)| picture)
            .collect();
        assert!(pictures.len() >= 6, "{}", pictures.len());
        for picture in pictures {
            let picture = format!("<svg{picture}</svg>");
            roxmltree::Document::parse(&picture).unwrap_or_else(|e| panic!("{e}: {picture}"));
        }
    }
}
