//! Container files by what they say: there is no container engine where the tests run, so nothing
//! here is built or started. Parsing, and what would be noticed too late otherwise.

use std::collections::BTreeSet;

use yaml_rust2::Yaml;

use super::{project, read, yaml};

const COMPOSE: &str = "docker/compose.yaml";

/// Every service, with what `<<` merges into it.
fn services() -> Vec<(String, Yaml, Yaml)> {
    let file = &yaml(COMPOSE)[0];
    let services = file["services"].as_hash().unwrap();
    let service = |(name, service): (&Yaml, &Yaml)| {
        let name = name.as_str().unwrap().to_owned();
        (name, service.clone(), service["<<"].clone())
    };
    services.iter().map(service).collect()
}

fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec()
        .into_iter()
        .flatten()
        .filter_map(Yaml::as_str)
        .collect()
}

#[test]
fn every_port_of_the_compose_file_is_on_the_loopback_address() {
    for (name, service, _) in services() {
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
}

#[test]
fn every_image_is_pinned_and_every_mounted_file_exists() {
    let mut mounted = 0;
    for (name, service, merged) in services() {
        let image = service["image"].as_str().or(merged["image"].as_str());
        let image = image.unwrap_or_else(|| panic!("{name} has no image"));
        assert!(
            image == "promoguard" || image.contains(':'),
            "{name}: {image}"
        );
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            if source.starts_with('.') {
                mounted += 1;
                assert!(project("docker").join(source).exists(), "{name}: {source}");
            }
        }
    }
    assert!(mounted >= 6, "only {mounted} files are mounted");
}

#[test]
fn every_dependency_is_a_service() {
    let names: BTreeSet<String> = services().into_iter().map(|(name, _, _)| name).collect();
    for (name, service, _) in services() {
        let depends = &service["depends_on"];
        let keys = depends.as_hash().into_iter().flat_map(|hash| hash.keys());
        for on in texts(depends)
            .into_iter()
            .chain(keys.filter_map(Yaml::as_str))
        {
            assert!(names.contains(on), "{name} depends on {on}");
        }
    }
}

#[test]
fn the_variables_of_the_compose_file_are_settings() {
    let file = &yaml(COMPOSE)[0];
    let variables = file["x-promoguard"]["environment"].as_hash().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_promoguard"));
    command.args(["config", "check"]).env_clear();
    for (name, value) in variables {
        command.env(name.as_str().unwrap(), value.as_str().unwrap());
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Everything else is read-only there, and a state that goes with its container is none.
#[test]
fn the_state_lies_on_a_volume_wherever_run_is_started() {
    let file = &yaml(COMPOSE)[0];
    let place = file["x-promoguard"]["environment"]["PROMOGUARD_CHECKPOINT__LOCATION"]
        .as_str()
        .unwrap();
    let services = services();
    let (_, run, _) = services
        .iter()
        .find(|(name, ..)| name == "promoguard")
        .unwrap();
    let mounts = texts(&run["volumes"]);
    assert!(
        mounts.contains(&format!("state:{place}").as_str()),
        "{mounts:?}"
    );

    let set = &yaml("docker/kubernetes/statefulset.yaml")[0]["spec"];
    let claim = &set["volumeClaimTemplates"][0]["metadata"]["name"];
    let container = &set["template"]["spec"]["containers"][0];
    let mounts = container["volumeMounts"].as_vec().unwrap();
    let mount = mounts.iter().find(|mount| mount["name"] == *claim).unwrap();
    let path = mount["mountPath"].as_str().unwrap();
    let settings = read("docker/kubernetes/promoguard.toml");
    assert!(
        settings.contains(&format!("location = \"{path}/")),
        "{settings}"
    );

    let unit = read("docker/systemd/promoguard.service");
    for line in [
        "StateDirectory=promoguard",
        "Environment=PROMOGUARD_CHECKPOINT__LOCATION=%S/promoguard",
    ] {
        assert!(unit.contains(line), "the unit lacks {line}");
    }
}

#[test]
fn the_image_runs_as_nobody_and_looks_after_itself() {
    let file = read("docker/Dockerfile");
    let last = file.rsplit("\nFROM ").next().unwrap();
    assert!(
        last.starts_with("gcr.io/distroless/cc-debian12:nonroot\n"),
        "{last}"
    );
    for line in [
        "HEALTHCHECK ",
        "ENTRYPOINT [\"/usr/bin/promoguard\"]",
        "STOPSIGNAL SIGTERM",
    ] {
        assert!(last.contains(line), "the image lacks {line}");
    }
    // The file with the toolchain is not copied: it would download another one.
    let oldest = read("Cargo.toml");
    let version = file
        .split("FROM rust:")
        .nth(1)
        .and_then(|rest| rest.split('-').next());
    let expected = format!("rust-version = \"{}\"", version.unwrap());
    assert!(oldest.contains(&expected), "another Rust than Cargo.toml's");
}

#[test]
fn the_manifests_of_kubernetes_belong_together() {
    let base = &yaml("docker/kubernetes/kustomization.yaml")[0];
    let name = Yaml::String("promoguard".to_owned());
    let label = Yaml::String("app.kubernetes.io/name".to_owned());
    for resource in texts(&base["resources"]) {
        let manifest = &yaml(&format!("docker/kubernetes/{resource}"))[0];
        let labels = manifest["metadata"]["labels"].as_hash().unwrap();
        assert_eq!(labels.get(&label), Some(&name), "{resource}");
        let selector = &manifest["spec"]["selector"];
        let matched = selector["matchLabels"]
            .as_hash()
            .or(selector.as_hash())
            .unwrap();
        assert_eq!(matched.get(&label), Some(&name), "{resource}");
    }
    let set = &yaml("docker/kubernetes/statefulset.yaml")[0]["spec"]["template"]["spec"];
    assert_eq!(set["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
    let container = &set["containers"][0];
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        assert!(
            container[probe]["httpGet"]["path"].as_str().is_some(),
            "{probe}"
        );
    }
    assert!(
        container["resources"]["limits"]["memory"]
            .as_str()
            .is_some()
    );
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_promoguard"));
    check
        .args(["config", "check", "--config"])
        .arg(project("docker/kubernetes/promoguard.toml"));
    assert!(check.output().unwrap().status.success());
}
