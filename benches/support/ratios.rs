//! Best times of the benches of one run beside each other: only ratios within a run mean something on a machine that
//! is shared.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::cpu_time::CpuTime;

/// The best time of one bench.
#[derive(Clone, Copy, Debug)]
struct Best {
    name: &'static str,
    elements: u64,
    cpu: Duration,
    wall: Duration,
}

/// The best times of a group; the first one is the peer of the others.
#[derive(Debug, Default)]
pub(crate) struct Ratios(Vec<Best>);

impl Ratios {
    /// Runs `routine` so many times and keeps the best; gives the processor time of all runs.
    pub(crate) fn measure<T>(
        &mut self,
        name: &'static str,
        elements: u64,
        iterations: u64,
        routine: impl Fn() -> T,
    ) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..iterations {
            let (cpu_before, wall_before) = (CpuTime::now(), Instant::now());
            black_box(routine());
            let (cpu, wall) = (CpuTime::now() - cpu_before, wall_before.elapsed());
            total += cpu;
            self.keep(Best {
                name,
                elements,
                cpu,
                wall,
            });
        }
        total
    }

    fn keep(&mut self, new: Best) {
        match self.0.iter_mut().find(|best| best.name == new.name) {
            Some(best) => {
                best.cpu = best.cpu.min(new.cpu);
                best.wall = best.wall.min(new.wall);
            }
            None => self.0.push(new),
        }
    }

    /// Writes the best times to standard output, and how they compare with the first of them.
    pub(crate) fn print(&self, title: &str) {
        let per_element =
            |best: &Best, time: Duration| time.as_secs_f64() * 1e6 / best.elements.max(1) as f64;
        let Some(peer) = self.0.first() else { return };
        println!("{title}: best of the run, against {}", peer.name);
        for best in &self.0 {
            println!(
                "  {:<34} {:>8.3} CPU-s/M {:>8.3} s/M on the wall {:>7.2} x",
                best.name,
                per_element(best, best.cpu),
                per_element(best, best.wall),
                per_element(best, best.cpu) / per_element(peer, peer.cpu),
            );
        }
        println!();
    }
}
