//! Makes series of metrics and writes them all down.
//!
//! Decides which combinations of labels exist: all that can occur, from the start. Must not know
//! what is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use metrics::{Counter, Gauge, Key, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use promoguard_event::Topic;

use super::histogram::Histogram;
use super::labels::{HttpStatus, Label, Method, Route, optional_fields};
use super::table::{self, METRICS, Metric, MetricKind};

/// The series of this process.
pub(super) struct Exporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Name, help, and the series with their labels, in the order of the table.
    histograms: Vec<(Metric, Vec<(String, Histogram)>)>,
}

/// Who made a series is of no interest to the exporter.
const MADE_HERE: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

impl Exporter {
    pub(super) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let mut histograms = Vec::new();
        for metric in METRICS {
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, None, help),
                MetricKind::Gauge => recorder.describe_gauge(name, None, help),
                MetricKind::Histogram(_) => histograms.push((*metric, Vec::new())),
            }
        }
        Self {
            recorder,
            handle,
            histograms,
        }
    }

    pub(super) fn render(&self) -> String {
        let mut text = self.handle.render();
        for (metric, series) in &self.histograms {
            let Metric { name, help, .. } = metric;
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
            series
                .iter()
                .for_each(|(labels, histogram)| histogram.write(name, labels, &mut text));
        }
        text
    }

    pub(super) fn counter(&self, metric: &Metric, labels: &[&str]) -> Counter {
        assert_eq!(metric.kind, MetricKind::Counter, "{}", metric.name);
        self.recorder
            .register_counter(&key(metric, labels), &MADE_HERE)
    }

    pub(super) fn gauge(&self, metric: &Metric, labels: &[&str]) -> Gauge {
        assert_eq!(metric.kind, MetricKind::Gauge, "{}", metric.name);
        let gauge = self
            .recorder
            .register_gauge(&key(metric, labels), &MADE_HERE);
        gauge.set(0.0);
        gauge
    }

    pub(super) fn histogram(&mut self, metric: &Metric, labels: &[&str]) -> Histogram {
        let MetricKind::Histogram(bounds) = metric.kind else {
            panic!("{} is no histogram", metric.name);
        };
        let histogram = Histogram::new(bounds);
        let pairs = metric.labels.iter().zip(labels);
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let listed = self
            .histograms
            .iter_mut()
            .find(|(listed, _)| listed.name == metric.name);
        let (_, series) = listed.expect("every metric is in the table");
        series.push((pairs.join(","), histogram.clone()));
        histogram
    }

    pub(super) fn counters1<A: Label>(&self, metric: &Metric) -> Vec<Counter> {
        A::ALL
            .iter()
            .map(|a| self.counter(metric, &[a.word()]))
            .collect()
    }

    pub(super) fn counters2<A: Label, B: Label>(&self, metric: &Metric) -> Vec<Vec<Counter>> {
        let row = |a: &A| {
            B::ALL
                .iter()
                .map(|b| self.counter(metric, &[a.word(), b.word()]))
                .collect()
        };
        A::ALL.iter().map(row).collect()
    }

    pub(super) fn gauges1<A: Label>(&self, metric: &Metric) -> Vec<Gauge> {
        A::ALL
            .iter()
            .map(|a| self.gauge(metric, &[a.word()]))
            .collect()
    }

    pub(super) fn histograms1<A: Label>(&mut self, metric: &Metric) -> Vec<Histogram> {
        A::ALL
            .iter()
            .map(|a| self.histogram(metric, &[a.word()]))
            .collect()
    }

    pub(super) fn field_defects(&self) -> Vec<Vec<Counter>> {
        let metric = &table::OPTIONAL_FIELD_DEFECTS;
        let of_topic = |topic: &Topic| {
            let fields = optional_fields(*topic).iter();
            fields
                .map(|field| self.counter(metric, &[topic.word(), field.word()]))
                .collect()
        };
        <Topic as Label>::ALL.iter().map(of_topic).collect()
    }

    /// Only the answers that can be given: all combinations would be ten times as many series.
    pub(super) fn http(&mut self) -> BTreeMap<(usize, usize, usize), (Counter, Histogram)> {
        let mut series = BTreeMap::new();
        for route in Route::ALL {
            for method in Method::ALL {
                for status in answers(*route, *method) {
                    let labels = [route.word(), method.word(), status.word()];
                    let place = (route.index(), method.index(), status.index());
                    let requests = self.counter(&table::HTTP_REQUESTS, &labels);
                    let duration = self.histogram(&table::HTTP_DURATION, &labels);
                    series.insert(place, (requests, duration));
                }
            }
        }
        series
    }
}

fn answers(route: Route, method: Method) -> Vec<HttpStatus> {
    let codes: &[u16] = match (route, method) {
        (Route::Other, Method::Read) => &[404, 0],
        (Route::Readyz | Route::Livez, Method::Read) => &[200, 503, 0],
        (_, Method::Read) => &[200, 0],
        (_, Method::Other) => &[405, 0],
    };
    codes.iter().map(|code| HttpStatus::of(*code)).collect()
}

fn key(metric: &Metric, labels: &[&str]) -> Key {
    assert_eq!(
        metric.labels.len(),
        labels.len(),
        "labels of {}",
        metric.name
    );
    let pairs = metric.labels.iter().zip(labels);
    let labels = pairs.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned()));
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}
