//! Layers, provenance, complaints, and the documentation that is made from the structs.

use std::path::PathBuf;

use clap::Parser as _;
use promoguard_simulate::WorldSettings;

use super::example::{example, show};
use super::layers::Argument;
use super::*;

/// A settings file that lives as long as the test.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("promoguard.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn layers(
    file: Option<PathBuf>,
    environment: &[(&str, &str)],
    arguments: &[(&str, &str)],
) -> Layers {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let argument = |(path, text): &(&str, &str)| Argument {
        option: "--set",
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    Layers {
        file,
        environment: environment.iter().map(pair).collect(),
        arguments: arguments.iter().map(argument).collect(),
    }
}

fn complaints(layers: &Layers) -> Vec<String> {
    let folder = layers
        .file
        .as_ref()
        .and_then(|file| file.parent())
        .map(|f| f.display().to_string());
    let relative = |text: String| match &folder {
        Some(folder) => text.replace(&format!("{folder}/"), ""),
        None => text,
    };
    let faults = resolve(layers).map(drop).unwrap_err().0;
    faults
        .iter()
        .map(|fault| relative(fault.to_string()))
        .collect()
}

fn check_file(text: &str, expected: &[&str]) {
    let (_folder, path) = file(text);
    assert_eq!(
        complaints(&layers(Some(path), &[], &[])),
        expected,
        "{text}"
    );
}

fn check_argument(path: &str, text: &str, expected: &str) {
    assert_eq!(complaints(&layers(None, &[], &[(path, text)])), [expected]);
}

#[test]
fn the_example_is_a_settings_file_that_says_the_defaults() {
    let (_folder, path) = file(&example());
    let resolved = resolve(&layers(Some(path), &[], &[])).unwrap();
    assert_eq!(resolved.config, Config::default());
}

#[test]
fn every_setting_is_explained() {
    for section in schema::sections() {
        assert!(
            !section.help.is_empty(),
            "[{}] has no doc comment",
            section.path
        );
        for setting in section.settings {
            assert!(
                setting.help.ends_with('.') || setting.path.starts_with("detect."),
                "{setting:?}"
            );
        }
    }
}

#[test]
fn what_is_shown_can_be_used_as_a_file() {
    let changes = [
        ("kafka.brokers", "a:1,b:2"),
        ("kafka.security_protocol", "plaintext"),
        ("kafka.extra.socket.keepalive.enable", "true"),
        ("detect.time_mix_prior", "0.4,0.3,0.3"),
        ("detect.escalate_commission_units", "50000"),
    ];
    let shown = show(&resolve(&layers(None, &[], &changes)).unwrap());
    assert!(
        shown.contains("brokers = [\"a:1\", \"b:2\"]  # option --set\n"),
        "{shown}"
    );
    let (_folder, path) = file(&shown);
    let again = resolve(&layers(Some(path), &[], &[])).unwrap().config;
    assert_eq!(again, resolve(&layers(None, &[], &changes)).unwrap().config);
    assert_eq!(again.kafka.extra["socket.keepalive.enable"], "true");
    assert_eq!(again.detect.settings.time_mix_prior, [0.4, 0.3, 0.3]);
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file_beats_the_default() {
    let (_folder, path) = file("[pipeline]\nthreads = 3\npartitions = 4\nlateness_days = 5\n");
    let environment = [
        ("PROMOGUARD_PIPELINE__THREADS", "6"),
        ("PROMOGUARD_PIPELINE__PARTITIONS", "7"),
    ];
    let layers = layers(
        Some(path.clone()),
        &environment,
        &[("pipeline.threads", "8")],
    );
    let resolved = resolve(&layers).unwrap();
    let pipeline = &resolved.config.pipeline;
    let default = sections::Pipeline::default().order_index_days;
    assert_eq!(
        (
            pipeline.threads,
            pipeline.partitions,
            pipeline.lateness_days,
            pipeline.order_index_days
        ),
        (8, 7, 5, default)
    );
    assert_eq!(
        resolved.origin("pipeline.threads"),
        Origin::Argument("--set")
    );
    let variable = "PROMOGUARD_PIPELINE__PARTITIONS".to_owned();
    assert_eq!(
        resolved.origin("pipeline.partitions"),
        Origin::Environment(variable)
    );
    assert_eq!(
        resolved.origin("pipeline.lateness_days"),
        Origin::File { path, line: 4 }
    );
    assert_eq!(
        resolved.origin("pipeline.order_index_days"),
        Origin::Default
    );
}

#[test]
fn of_two_arguments_the_later_wins() {
    let arguments = [("log.level", "debug"), ("log.level", "warn")];
    let config = resolve(&layers(None, &[], &arguments)).unwrap().config;
    assert_eq!(config.log.level, sections::LogLevel::Warn);
}

#[test]
fn an_unknown_name_is_refused_with_its_line_and_what_was_probably_meant() {
    check_file(
        "[kafka]\n\nbroker = [\"a:1\"]\n",
        &[
            "kafka.broker (promoguard.toml, line 3): there is no such setting, did you mean kafka.brokers?",
        ],
    );
    check_file(
        "[kafak]\ngroup_id = \"x\"\n",
        &["kafak (promoguard.toml, line 1): there is no such setting, did you mean kafka?"],
    );
    check_file(
        "[log]\nzone = \"Europe/Moscow\"\n",
        &[
            "log.zone (promoguard.toml, line 2): there is no such setting, did you mean display.zone?",
        ],
    );
    check_file(
        "entirely_else = 1\n",
        &[
            "entirely_else (promoguard.toml, line 1): there is no such setting; `promoguard config example` lists all",
        ],
    );
    check_file(
        "http = 3\n",
        &["http (promoguard.toml, line 1): is a group of settings, not one of them"],
    );
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_what_would() {
    check_file(
        "[pipeline]\npartitions = 0\nthreads = \"many\"\n[log]\nformat = \"xml\"\n",
        &[
            "pipeline.partitions = 0 (promoguard.toml, line 2): must be a whole number from 1 to 1024",
            "pipeline.threads = \"many\" (promoguard.toml, line 3): must be a whole number from 0 to 1024",
            "log.format = \"xml\" (promoguard.toml, line 5): must be one of \"text\", \"json\"",
        ],
    );
    check_argument(
        "kafka.brokers",
        " , ",
        "kafka.brokers = \" , \" (option --set): must be a list of at least 1 text",
    );
    check_argument(
        "http.listen",
        "localhost",
        "http.listen = \"localhost\" (option --set): invalid socket address syntax",
    );
    check_argument(
        "display.zone",
        "Asia/Atlantis",
        "display.zone = \"Asia/Atlantis\" (option --set): must be a time zone's IANA name, such as Asia/Almaty or Europe/Moscow",
    );
    check_argument(
        "detect.false_flags_per_1000_code_weeks",
        "-1",
        "detect.false_flags_per_1000_code_weeks = -1.0 (option --set): must be above 0 and at most 100",
    );
}

#[test]
fn a_file_that_is_no_toml_or_not_there_is_named() {
    let (_folder, path) = file("[kafka]\ngroup_id = \n");
    let said = complaints(&layers(Some(path), &[], &[]));
    assert!(said[0].starts_with("promoguard.toml, line 2: "), "{said:?}");
    let said = complaints(&layers(Some("/nowhere/promoguard.toml".into()), &[], &[]));
    assert!(
        said[0].starts_with("promoguard.toml: cannot read it: "),
        "{said:?}"
    );
}

#[test]
fn a_plain_connection_to_another_machine_must_be_said() {
    check_argument(
        "kafka.brokers",
        "127.0.0.1:9092,kafka:9092",
        "kafka.security_protocol = unset (default): kafka:9092 is another machine: say \"sasl-ssl\" or \
         \"ssl\", or \"plaintext\" if the network is trusted",
    );
    for local in ["localhost:1", "127.0.0.9:1", "[::1]:9092"] {
        assert!(
            resolve(&layers(None, &[], &[("kafka.brokers", local)])).is_ok(),
            "{local}"
        );
    }
    let said = [
        ("kafka.brokers", "kafka:9092"),
        ("kafka.security_protocol", "plaintext"),
    ];
    assert!(resolve(&layers(None, &[], &said)).is_ok());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    check_argument(
        "kafka.topics.orders",
        "promo.clicks",
        "kafka.topics.orders = \"promo.clicks\" (option --set): is the same topic as kafka.topics.clicks",
    );
    let many: Vec<String> = (0..101).map(|n| format!("m{n}")).collect();
    let many = layers(None, &[], &[("metrics.merchants", &many.join(","))]);
    let said = complaints(&many);
    assert!(
        said[0].ends_with("must be at most 100 names, not 101"),
        "{said:?}"
    );
    let half = [
        ("kafka.security_protocol", "sasl-plaintext"),
        ("kafka.sasl_mechanism", "plain"),
    ];
    let said = complaints(&layers(None, &[], &half));
    assert_eq!(
        said,
        ["kafka.sasl_username = unset (default): kafka setting sasl_username is missing"]
    );
    check_argument(
        "kafka.extra.enable.auto.commit",
        "true",
        "kafka.extra.enable.auto.commit = \"true\" (option --set): kafka setting extra.enable.auto.commit is \
         decided by promoguard and cannot be changed",
    );
}

#[test]
fn variables_that_are_not_ours_are_left_alone_and_ours_must_exist() {
    let foreign = [
        ("PROMOGUARD_SERVICE_HOST", "10.0.0.1"),
        ("PROMOGUARD_PORT", "tcp://x"),
        ("PATH", "/"),
    ];
    assert!(resolve(&layers(None, &foreign, &[])).is_ok());
    let said = complaints(&layers(None, &[("PROMOGUARD_KAFKA__BROKRES", "x")], &[]));
    assert_eq!(
        said,
        [
            "kafka.brokres (environment variable PROMOGUARD_KAFKA__BROKRES): there is no such setting, did you mean kafka.brokers?"
        ]
    );
    let extra = [("PROMOGUARD_KAFKA__EXTRA__SOCKET_KEEPALIVE_ENABLE", "true")];
    let config = resolve(&layers(None, &extra, &[])).unwrap().config;
    assert_eq!(config.kafka.extra["socket.keepalive.enable"], "true");
}

#[test]
fn an_empty_text_unsets_what_may_be_unset() {
    let (_folder, path) = file("[kafka]\ngroup_instance_id = \"one\"\n");
    let layers = layers(
        Some(path),
        &[("PROMOGUARD_KAFKA__GROUP_INSTANCE_ID", "")],
        &[],
    );
    assert_eq!(
        resolve(&layers).unwrap().config.kafka.group_instance_id,
        None
    );
}

#[test]
fn every_complaint_comes_in_one_go() {
    let faults = resolve(&layers(
        None,
        &[],
        &[("a.b", "1"), ("pipeline.threads", "x")],
    ))
    .unwrap_err();
    let said = faults.to_string();
    assert!(said.starts_with("2 wrong settings:\n  a.b "), "{said}");
}

#[test]
fn the_names_of_topics_are_those_of_the_contract() {
    let topics = sections::Topics::default();
    for topic in promoguard_event::Topic::ALL {
        let named = topics.named();
        let name = format!("kafka.topics.{}", topic.as_str());
        let found = named.iter().find(|(setting, _)| *setting == name);
        assert_eq!(found.map(|(_, name)| *name), Some(topic.default_name()));
    }
}

#[test]
fn a_merchant_has_settings_of_its_own_and_the_shadow_inherits_them() {
    let (_folder, path) = file(
        "[detect]\ncoupon_hosts = [\"a.kz\"]\n\
         [detect.merchants.\"Shop.KZ\"]\nfalse_flags_per_1000_code_weeks = 0.1\n\
         coupon_hosts = [\"b.kz\"]\n\
         [detect.shadow]\nclear_idle_days = 7\n\
         [detect.shadow.merchants.other]\nsignals_off = [\"cold\"]\n",
    );
    let arguments = [("detect.merchants.Shop.KZ.vat_pct", "12")];
    let resolved = resolve(&layers(Some(path), &[], &arguments)).unwrap();
    let detect = &resolved.config.detect;
    let present = detect.book().unwrap();
    let shop = present.settings(present.page_of("shop.kz"));
    assert_eq!((shop.flag_db(), shop.vat_pct), (40.0, 12.0));
    assert_eq!(shop.coupon_hosts, ["a.kz", "b.kz"]);
    assert_eq!(present.deployment().flag_db(), 30.0);
    assert_eq!(present.deployment().clear_idle_days, 21);
    assert!(
        present
            .settings(present.page_of("other"))
            .signals_off
            .is_empty()
    );
    let shadow = detect.shadow_book().unwrap().unwrap();
    let shop = shadow.settings(shadow.page_of("shop.kz"));
    assert_eq!((shop.flag_db(), shop.clear_idle_days), (40.0, 7));
    let other = shadow.settings(shadow.page_of("other"));
    assert_eq!(other.signals_off, ["cold"]);

    let shown = show(&resolved);
    assert!(
        shown.contains("\n[detect.merchants.\"Shop.KZ\"]\n"),
        "{shown}"
    );
    let (_folder, path) = file(&shown);
    let again = resolve(&layers(Some(path), &[], &[])).unwrap().config;
    assert_eq!(again, resolved.config);
}

#[test]
fn without_lines_of_its_own_there_is_no_shadow() {
    let detect = resolve(&Layers::default()).unwrap().config.detect;
    assert_eq!(detect.shadow_book(), Ok(None));
    let environment = [("PROMOGUARD_DETECT__SHADOW__FLAG_ORDERS_MIN", "5")];
    let resolved = resolve(&layers(None, &environment, &[])).unwrap();
    let shadow = resolved.config.detect.shadow_book().unwrap().unwrap();
    assert_eq!(shadow.deployment().flag_orders_min, 5);
}

#[test]
fn what_a_merchant_cannot_set_is_refused_with_what_it_can() {
    check_file(
        "[detect.merchants.\"shop.kz\"]\nclear_idle_day = 3\n",
        &[
            "detect.merchants.shop.kz.clear_idle_day (promoguard.toml, line 2): there is no such setting, did you mean clear_idle_days?",
        ],
    );
    let said = complaints(&layers(
        None,
        &[],
        &[("detect.merchants.shop.own_pseudo", "3")],
    ));
    assert!(
        said[0].starts_with(
            "detect.merchants.shop.own_pseudo (option --set): all merchants share this setting; a \
             merchant may set clear_db, "
        ),
        "{said:?}"
    );
    check_file(
        "[detect.shadow]\nown_pseudos = 3\n",
        &[
            "detect.shadow.own_pseudos (promoguard.toml, line 2): there is no such setting, did you mean own_pseudo?",
        ],
    );
    check_argument(
        "detect.merchants.shop.signals_off",
        "colds",
        "detect.merchants.shop.signals_off = [\"colds\"] (option --set): must be of auto_entry, referrer, cold, \
         too_fast, returning, hopper, repeat_customer, off_audience, basket, order_time, rejected, sighting, \
         click_referrer",
    );
    check_argument(
        "detect.merchants.shop.false_flags_per_1000_code_weeks",
        "100",
        "detect.merchants.shop.false_flags_per_1000_code_weeks = 100.0 (option --set): then quarantine_db must be \
         above 0 and below the flag threshold",
    );
    check_argument(
        "detect.merchants.shop.clear_idle_days",
        "soon",
        "detect.merchants.shop.clear_idle_days = \"soon\" (option --set): must be a whole number, at least 0",
    );
    check_argument(
        "detect.shadow.leak_prior",
        "2",
        "detect.shadow.leak_prior = 2.0 (option --set): must lie strictly between 0 and 1",
    );
    check_argument(
        "detect.shadow.office_hours_utc",
        "4,300",
        "detect.shadow.office_hours_utc = [4,300] (option --set): invalid value: integer `300`, expected u8",
    );
    check_file(
        "[detect.merchants.Shop]\nvat_pct = 1\n[detect.merchants.shop]\nvat_pct = 2\n",
        &[
            "detect.merchants.shop.vat_pct = 2.0 (promoguard.toml, line 4): merchant shop: names are compared in lower case, and this one is there already",
        ],
    );
}

#[test]
fn the_layers_that_the_example_shows_commented_out_can_be_used() {
    for (_, lines) in overrides::by_example() {
        assert!(example().contains(&format!("# {}", lines.trim_end().replace('\n', "\n# "))));
        let (_folder, path) = file(lines);
        let detect = resolve(&layers(Some(path), &[], &[]))
            .unwrap()
            .config
            .detect;
        assert_ne!(detect.overrides, overrides::Overrides::default());
    }
}

fn check_world(options: &str, expected: WorldSettings) {
    let typed = ["promoguard", "simulate", "--out", "x", "--seed", "3"];
    let typed = crate::cli::Cli::parse_from(typed.into_iter().chain(options.split_whitespace()));
    let Plan::Simulate(plan) = Plan::new(typed, &[]).unwrap() else {
        panic!("another plan");
    };
    assert_eq!(plan.world, expected, "{options}");
}

#[test]
fn a_made_up_world_is_its_preset_but_for_what_was_said() {
    for name in WorldSettings::PRESETS {
        let preset = || WorldSettings::preset(name, 3).unwrap();
        check_world(&format!("--preset {name}"), preset());
        check_world(
            &format!("--preset {name} --leak-share 0.9 --spread 0.25 --days 7"),
            WorldSettings {
                leak_share: 0.9,
                spread: 0.25,
                days: 7.0,
                ..preset()
            },
        );
    }
    let default = WorldSettings {
        seed: 3,
        ..WorldSettings::default()
    };
    check_world("", default.clone());
    check_world(
        "--family programme --codes 500 --volume 2 --dirty-share 0.1",
        WorldSettings {
            codes: 500,
            merchants: 50,
            volume_scale: 2.0,
            dirty_share: 0.1,
            ..default
        },
    );
}
