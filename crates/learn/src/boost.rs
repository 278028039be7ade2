//! Gradient boosting of small trees for the chance that a code leaks.
//!
//! Decides: how trees are grown: log loss, histograms, Newton steps, directions that hold
//! everywhere, rows and features drawn for each tree from a seed (Friedman 2002; Ke et al. 2017).
//! Must not know: what rows are.

use promoguard_detect::{Direction, Forest, NO_SPLIT, Tree};

use crate::bins::{BINS, Binned};
use crate::rows::{Rows, RowsError};
use crate::split::{Bounds, Histogram, Rules, Slope, Split, best_split};

/// How trees are grown.
#[derive(Clone, Debug, PartialEq)]
pub struct FitSettings {
    /// Trees.
    pub trees: usize,
    /// Splits from the root to a leaf, at most 8.
    pub depth: usize,
    /// Share of each tree's values that is taken.
    pub rate: f64,
    /// Share of the rows that each tree is grown on.
    pub row_share: f64,
    /// Share of the features that each tree may use.
    pub feature_share: f64,
    /// Holds the values of leaves near 0, in units of weight.
    pub ridge: f64,
    /// Least curvature of the loss in a leaf: about a quarter of the weight of undecided rows.
    pub curvature_min: f64,
    /// Least gain of a split.
    pub gain_min: f64,
    /// Draws rows and features.
    pub seed: u64,
    /// Threads; the result does not depend on it.
    pub threads: usize,
}

impl Default for FitSettings {
    fn default() -> FitSettings {
        FitSettings {
            trees: 300,
            depth: 5,
            rate: 0.08,
            row_share: 0.6,
            feature_share: 0.4,
            ridge: 20.0,
            curvature_min: 20.0,
            gain_min: 0.5,
            seed: 1,
            threads: 2,
        }
    }
}

/// Fits trees to rows. Where a direction is [`Direction::Up`], more of the feature never lowers
/// the sum, whatever the other features are.
///
/// # Errors
/// There are too few rows, or all are of one kind.
pub fn fit(
    rows: &Rows,
    directions: &[Direction],
    settings: &FitSettings,
) -> Result<Forest, RowsError> {
    assert_eq!(directions.len(), rows.width(), "one direction a feature");
    if rows.len() < 100 {
        return Err(RowsError::TooFew(rows.len()));
    }
    let (yes, all) = (0..rows.len()).fold((0.0, 0.0), |(yes, all), row| {
        let weight = f64::from(rows.weight(row));
        (
            yes + if rows.is_leaking(row) { weight } else { 0.0 },
            all + weight,
        )
    });
    if yes <= 0.0 || yes >= all {
        return Err(RowsError::OneKind);
    }
    let base = libm::log(yes / (all - yes));
    let binned = Binned::of(rows);
    let mut grower = Grower {
        rows,
        binned,
        settings,
        rising: directions
            .iter()
            .map(|direction| *direction == Direction::Up)
            .collect(),
        margin: vec![base; rows.len()],
        slopes: vec![(0.0, 0.0); rows.len()],
        draw: Draw(settings.seed),
    };
    let trees = (0..settings.trees).map(|_| grower.grow()).collect();
    Ok(Forest { base, trees })
}

struct Grower<'a> {
    rows: &'a Rows,
    binned: Binned,
    settings: &'a FitSettings,
    rising: Vec<bool>,
    margin: Vec<f64>,
    slopes: Vec<(f32, f32)>,
    draw: Draw,
}

/// A node that may still be split.
struct Node {
    rows: Vec<u32>,
    histograms: Vec<Histogram>,
    slope: Slope,
    bounds: Bounds,
}

impl Grower<'_> {
    fn grow(&mut self) -> Tree {
        self.slope();
        let features = self.draw_features();
        let rows: Vec<u32> = (0..self.rows.len() as u32)
            .filter(|_| self.draw.unit() < self.settings.row_share)
            .collect();
        let histograms = self.histograms(&rows, &features);
        let slope = self.slope_of(&rows);
        let depth = self.settings.depth;
        let inner = (1 << depth) - 1;
        let mut tree = Tree {
            feature: vec![NO_SPLIT; inner],
            threshold: vec![0.0; inner],
            value: vec![0.0; inner + 1],
            cover: vec![0.0; inner + 1],
        };
        let mut nodes: Vec<Option<Node>> = (0..2 * inner + 1).map(|_| None).collect();
        nodes[0] = Some(Node {
            rows,
            histograms,
            slope,
            bounds: Bounds::OPEN,
        });
        for at in 0..inner {
            let Some(node) = nodes[at].take() else {
                continue;
            };
            match self.best(&node, &features) {
                Some(split) => {
                    tree.feature[at] = features[split.feature] as u16;
                    tree.threshold[at] = self.binned.edge(features[split.feature], split.bin);
                    let last = 2 * at + 1 >= inner;
                    let (left, right) = self.divide(node, &features, split, last);
                    nodes[2 * at + 1] = Some(left);
                    nodes[2 * at + 2] = Some(right);
                }
                None => nodes[2 * at + 1] = Some(node),
            }
            // A node that was not split stays whole all the way down the left.
            if tree.feature[at] == NO_SPLIT {
                self.sink(&mut nodes, 2 * at + 1, inner);
            }
        }
        for (leaf, node) in nodes[inner..].iter().enumerate() {
            let Some(node) = node else { continue };
            let value = node.bounds.value(node.slope, self.settings.ridge);
            // Five decimals are far below what rows can tell, and keep the file small.
            tree.value[leaf] = (libm::round(value * self.settings.rate * 1e5) / 1e5) as f32;
            let weight: f64 = node
                .rows
                .iter()
                .map(|row| f64::from(self.rows.weight(*row as usize)))
                .sum();
            tree.cover[leaf] = libm::round(weight * 10.0) as f32 / 10.0;
        }
        self.advance(&tree);
        tree
    }

    fn sink(&self, nodes: &mut [Option<Node>], from: usize, inner: usize) {
        let mut at = from;
        while at < inner {
            nodes.swap(at, 2 * at + 1);
            at = 2 * at + 1;
        }
    }

    /// Slopes of the log loss at the present margins.
    fn slope(&mut self) {
        for row in 0..self.rows.len() {
            let chance = 1.0 / (1.0 + libm::exp(-self.margin[row]));
            let weight = f64::from(self.rows.weight(row));
            let truth = f64::from(u8::from(self.rows.is_leaking(row)));
            self.slopes[row] = (
                (weight * (chance - truth)) as f32,
                (weight * chance * (1.0 - chance)).max(1e-12) as f32,
            );
        }
    }

    fn slope_of(&self, rows: &[u32]) -> Slope {
        rows.iter().fold(Slope::default(), |sum, row| {
            let (gradient, curvature) = self.slopes[*row as usize];
            sum.plus(Slope {
                gradient: f64::from(gradient),
                curvature: f64::from(curvature),
            })
        })
    }

    fn draw_features(&mut self) -> Vec<usize> {
        let mut features: Vec<usize> = (0..self.rows.width()).collect();
        let wanted = (self.settings.feature_share * features.len() as f64).ceil() as usize;
        let wanted = wanted.clamp(1, features.len());
        for at in 0..wanted {
            let other = at + (self.draw.unit() * (features.len() - at) as f64) as usize;
            features.swap(at, other);
        }
        features.truncate(wanted);
        features.sort_unstable();
        features
    }

    /// One histogram a feature, the features shared out among the threads: a feature's sums are
    /// always added in the order of the rows.
    fn histograms(&self, rows: &[u32], features: &[usize]) -> Vec<Histogram> {
        let fill = |feature: usize| {
            let column = self.binned.column(feature);
            let mut histogram = [Slope::default(); BINS];
            for row in rows {
                let (gradient, curvature) = self.slopes[*row as usize];
                let slope = &mut histogram[usize::from(column[*row as usize])];
                slope.gradient += f64::from(gradient);
                slope.curvature += f64::from(curvature);
            }
            histogram
        };
        let share = features.len().div_ceil(self.settings.threads.max(1));
        std::thread::scope(|scope| {
            let threads: Vec<_> = features
                .chunks(share)
                .map(|some| scope.spawn(move || some.iter().map(|f| fill(*f)).collect::<Vec<_>>()))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("filling a histogram does not panic"))
                .collect()
        })
    }

    /// The best split; `feature` in it is a place in `features`.
    fn best(&self, node: &Node, features: &[usize]) -> Option<Split> {
        let rules = Rules {
            ridge: self.settings.ridge,
            curvature_min: self.settings.curvature_min,
            gain_min: self.settings.gain_min,
        };
        let mut best: Option<Split> = None;
        for (place, feature) in features.iter().enumerate() {
            let found = best_split(
                place,
                &node.histograms[place],
                self.binned.steps(*feature),
                self.rising[*feature],
                node.bounds,
                rules,
            );
            if let Some(found) = found
                && best.is_none_or(|best| found.gain > best.gain)
            {
                best = Some(found);
            }
        }
        best
    }

    /// The two sides of a split. `last`: they are leaves and need no histograms.
    fn divide(&self, node: Node, features: &[usize], split: Split, last: bool) -> (Node, Node) {
        let column = self.binned.column(features[split.feature]);
        let (left, right): (Vec<u32>, Vec<u32>) = node
            .rows
            .iter()
            .partition(|row| usize::from(column[**row as usize]) <= split.bin);
        let (mut left_bounds, mut right_bounds) = (node.bounds, node.bounds);
        if let Some(middle) = split.middle {
            left_bounds.high = left_bounds.high.min(middle);
            right_bounds.low = right_bounds.low.max(middle);
        }
        let (left_sums, right_sums) = if last {
            (Vec::new(), Vec::new())
        } else if left.len() <= right.len() {
            let small = self.histograms(&left, features);
            let large = rest_of(&node.histograms, &small);
            (small, large)
        } else {
            let small = self.histograms(&right, features);
            let large = rest_of(&node.histograms, &small);
            (large, small)
        };
        let side = |rows, histograms, slope, bounds| Node {
            rows,
            histograms,
            slope,
            bounds,
        };
        (
            side(left, left_sums, split.left, left_bounds),
            side(right, right_sums, split.right, right_bounds),
        )
    }

    /// Adds the tree to the margins of all rows, drawn or not.
    fn advance(&mut self, tree: &Tree) {
        for row in 0..self.rows.len() {
            let leaf = tree.leaf(self.rows.values(row));
            self.margin[row] += f64::from(tree.value[leaf]);
        }
    }
}

fn rest_of(whole: &[Histogram], part: &[Histogram]) -> Vec<Histogram> {
    whole
        .iter()
        .zip(part)
        .map(|(whole, part)| std::array::from_fn(|bin| whole[bin].minus(part[bin])))
        .collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014): one seed, one sequence.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaking goes with the sum of the first two features and against the third.
    fn rows(count: usize) -> Rows {
        let mut draw = Draw(7);
        let mut rows = Rows::new(4);
        for _ in 0..count {
            let values: Vec<f32> = (0..4).map(|_| draw.unit() as f32).collect();
            let margin = f64::from(4.0 * (values[0] + values[1] - 2.0 * values[2]));
            let leaking = draw.unit() < 1.0 / (1.0 + libm::exp(-margin));
            rows.push(&values, leaking, 1.0);
        }
        rows
    }

    fn settings() -> FitSettings {
        FitSettings {
            trees: 60,
            feature_share: 1.0,
            ..FitSettings::default()
        }
    }

    fn loss(forest: &Forest, rows: &Rows) -> f64 {
        let sum: f64 = (0..rows.len())
            .map(|row| {
                let margin = forest.margin(rows.values(row));
                let signed = if rows.is_leaking(row) {
                    margin
                } else {
                    -margin
                };
                libm::log1p(libm::exp(-signed))
            })
            .sum();
        sum / rows.len() as f64
    }

    #[test]
    fn it_learns_what_goes_with_leaking() {
        let forest = fit(&rows(6_000), &[Direction::Free; 4], &settings()).unwrap();
        let fresh = {
            let mut draw = rows(9_000);
            // The last third was not fitted on.
            let mut fresh = Rows::new(4);
            for row in 6_000..draw.len() {
                fresh.push(draw.values(row), draw.is_leaking(row), 1.0);
            }
            draw = fresh;
            draw
        };
        let none = Forest {
            base: forest.base,
            trees: Vec::new(),
        };
        let (before, after) = (loss(&none, &fresh), loss(&forest, &fresh));
        assert!(after < 0.75 * before, "{before} {after}");
    }

    #[test]
    fn a_direction_holds_everywhere() {
        let directions = [
            Direction::Up,
            Direction::Up,
            // The truth falls with it, so held upwards it must stay silent.
            Direction::Up,
            Direction::Free,
        ];
        let forest = fit(&rows(6_000), &directions, &settings()).unwrap();
        let mut draw = Draw(3);
        for _ in 0..500 {
            let at: Vec<f32> = (0..4).map(|_| draw.unit() as f32).collect();
            for feature in 0..3 {
                let mut more = at.clone();
                more[feature] += draw.unit() as f32;
                assert!(forest.margin(&more) >= forest.margin(&at));
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let on = |threads| {
            let settings = FitSettings {
                threads,
                trees: 8,
                ..FitSettings::default()
            };
            fit(&rows(3_000), &[Direction::Free; 4], &settings).unwrap()
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn rows_of_one_kind_are_refused() {
        let mut rows = Rows::new(1);
        for row in 0..200 {
            rows.push(&[row as f32], false, 1.0);
        }
        let fitted = fit(&rows, &[Direction::Free], &FitSettings::default());
        assert_eq!(fitted, Err(RowsError::OneKind));
    }
}
