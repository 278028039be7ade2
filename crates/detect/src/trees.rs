//! A sum of small decision trees: what it says of a list of features, and by which of them.
//!
//! Decides: evaluation in a fixed order, and exact additive contributions. Must not know: what a
//! feature means, or how the trees were grown.

use serde::{Deserialize, Serialize};

/// Stands for "no split": everything goes to the left.
pub const NO_SPLIT: u16 = u16::MAX;
/// Deepest tree that is read; a leaf more doubles the work.
const DEPTH_MAX: usize = 8;

/// One perfect binary tree of some depth, its nodes in breadth-first order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Feature of each inner node, 2^depth − 1 of them; [`NO_SPLIT`] where there is none.
    pub feature: Vec<u16>,
    /// A value above it goes to the right.
    pub threshold: Vec<f32>,
    /// Log odds of each leaf, 2^depth of them, left to right.
    pub value: Vec<f32>,
    /// Weight of the training rows that ended in each leaf.
    pub cover: Vec<f32>,
}

/// Trees whose values are added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    /// Log odds before any tree.
    pub base: f64,
    /// In the order in which they are added.
    pub trees: Vec<Tree>,
}

impl Tree {
    /// Splits from the root to a leaf; `None` where the four lists do not make a perfect tree.
    pub fn depth(&self) -> Option<usize> {
        let leaves = self.value.len();
        let depth = leaves.trailing_zeros() as usize;
        let fits = leaves.is_power_of_two()
            && depth <= DEPTH_MAX
            && self.feature.len() == leaves - 1
            && self.threshold.len() == leaves - 1
            && self.cover.len() == leaves;
        fits.then_some(depth)
    }

    /// The leaf that the features end in.
    pub fn leaf(&self, features: &[f32]) -> usize {
        let inner = self.feature.len();
        let mut node = 0;
        while node < inner {
            node = 2 * node + 1 + usize::from(self.goes_right(node, features));
        }
        node - inner
    }

    fn goes_right(&self, node: usize, features: &[f32]) -> bool {
        let feature = self.feature[node];
        feature != NO_SPLIT && features[usize::from(feature)] > self.threshold[node]
    }

    /// The leaf that ends every way to the left from a node.
    fn leftmost(&self, node: usize) -> usize {
        let inner = self.feature.len();
        let mut node = node;
        while node < inner {
            node = 2 * node + 1;
        }
        node - inner
    }

    /// Weight of the rows below each node, inner nodes first.
    fn covers(&self) -> Vec<f64> {
        let inner = self.feature.len();
        let mut covers = vec![0.0; inner + self.cover.len()];
        for (leaf, cover) in self.cover.iter().enumerate() {
            covers[inner + leaf] = f64::from(*cover);
        }
        for node in (0..inner).rev() {
            covers[node] = covers[2 * node + 1] + covers[2 * node + 2];
        }
        covers
    }
}

impl Forest {
    /// Log odds of a list of features.
    pub fn margin(&self, features: &[f32]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| {
            sum + f64::from(tree.value[tree.leaf(features)])
        })
    }

    /// What each feature contributes to [`Forest::margin`], and what is left: the mean over the
    /// training rows. The contributions and the rest add up to the margin. Shapley values with
    /// the trees' own covers as the background: TreeSHAP (Lundberg, Erion and Lee,
    /// arXiv 1802.03888, algorithm 2).
    pub fn contributions(&self, features: &[f32]) -> (Vec<f64>, f64) {
        let mut each = vec![0.0; features.len()];
        let mut rest = self.base;
        for tree in &self.trees {
            let covers = tree.covers();
            let whole = covers[0];
            if whole <= 0.0 {
                continue;
            }
            let inner = tree.feature.len();
            rest += tree
                .value
                .iter()
                .zip(&covers[inner..])
                .map(|(value, cover)| f64::from(*value) * cover / whole)
                .sum::<f64>();
            let walk = Walk {
                tree,
                covers: &covers,
                features,
            };
            walk.down(0, &[], 1.0, 1.0, NO_SPLIT, &mut each);
        }
        (each, rest)
    }
}

/// A feature on the way from the root to a node.
#[derive(Clone, Copy, Debug)]
struct Step {
    feature: u16,
    /// Share of the rows that go this way when the feature is not known.
    zero: f64,
    /// Whether the features at hand go this way.
    one: f64,
    /// Weight of the subsets of each size.
    weight: f64,
}

struct Walk<'a> {
    tree: &'a Tree,
    covers: &'a [f64],
    features: &'a [f32],
}

impl Walk<'_> {
    fn down(
        &self,
        node: usize,
        path: &[Step],
        zero: f64,
        one: f64,
        feature: u16,
        each: &mut [f64],
    ) {
        let mut path = extend(path, zero, one, feature);
        let split = self.tree.feature.get(node).copied();
        let Some(split) = split.filter(|split| *split != NO_SPLIT) else {
            let value = f64::from(self.tree.value[self.tree.leftmost(node)]);
            for at in 1..path.len() {
                let weight: f64 = unwound(&path, at).iter().map(|step| step.weight).sum();
                let step = path[at];
                each[usize::from(step.feature)] += weight * (step.one - step.zero) * value;
            }
            return;
        };
        let (mut zero, mut one) = (1.0, 1.0);
        if let Some(at) = (1..path.len()).find(|at| path[*at].feature == split) {
            (zero, one) = (path[at].zero, path[at].one);
            path = unwound(&path, at);
        }
        let hot = 2 * node + 1 + usize::from(self.tree.goes_right(node, self.features));
        for child in [2 * node + 1, 2 * node + 2] {
            let share = self.covers[child] / self.covers[node].max(f64::MIN_POSITIVE);
            let here = if child == hot { one } else { 0.0 };
            if share > 0.0 || here > 0.0 {
                self.down(child, &path, zero * share, here, split, each);
            }
        }
    }
}

fn extend(path: &[Step], zero: f64, one: f64, feature: u16) -> Vec<Step> {
    let length = path.len();
    let mut steps = path.to_vec();
    steps.push(Step {
        feature,
        zero,
        one,
        weight: if length == 0 { 1.0 } else { 0.0 },
    });
    let all = (length + 1) as f64;
    for at in (0..length).rev() {
        steps[at + 1].weight += one * steps[at].weight * (at + 1) as f64 / all;
        steps[at].weight = zero * steps[at].weight * (length - at) as f64 / all;
    }
    steps
}

/// The path without the step at `gone`.
fn unwound(path: &[Step], gone: usize) -> Vec<Step> {
    let last = path.len() - 1;
    let (zero, one) = (path[gone].zero, path[gone].one);
    let mut steps = path.to_vec();
    let mut next = steps[last].weight;
    let all = (last + 1) as f64;
    for at in (0..last).rev() {
        if one != 0.0 {
            let before = steps[at].weight;
            steps[at].weight = next * all / ((at + 1) as f64 * one);
            next = before - steps[at].weight * zero * (last - at) as f64 / all;
        } else {
            steps[at].weight = steps[at].weight * all / (zero * (last - at) as f64);
        }
    }
    for at in gone..last {
        let Step {
            feature, zero, one, ..
        } = steps[at + 1];
        steps[at] = Step {
            feature,
            zero,
            one,
            weight: steps[at].weight,
        };
    }
    steps.truncate(last);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaf_mean(tree: &Tree, node: usize, known: u32, features: &[f32]) -> f64 {
        let inner = tree.feature.len();
        if node >= inner {
            return f64::from(tree.value[node - inner]);
        }
        let split = tree.feature[node];
        if split == NO_SPLIT {
            return leaf_mean(tree, 2 * node + 1, known, features);
        }
        let right = 2 * node + 2;
        if known >> split & 1 == 1 {
            let to = 2 * node + 1 + usize::from(tree.goes_right(node, features));
            return leaf_mean(tree, to, known, features);
        }
        let covers = tree.covers();
        let share = covers[right] / covers[node];
        share * leaf_mean(tree, right, known, features)
            + (1.0 - share) * leaf_mean(tree, right - 1, known, features)
    }

    /// Shapley values by their definition: over all subsets of four features.
    fn by_definition(tree: &Tree, features: &[f32]) -> Vec<f64> {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        (0..4_u32)
            .map(|feature| {
                (0..16_u32)
                    .filter(|known| known >> feature & 1 == 0)
                    .map(|known| {
                        let size = known.count_ones();
                        let weight = factorial(size) * factorial(3 - size) / factorial(4);
                        let with = leaf_mean(tree, 0, known | 1 << feature, features);
                        weight * (with - leaf_mean(tree, 0, known, features))
                    })
                    .sum()
            })
            .collect()
    }

    fn tree() -> impl Strategy<Value = Tree> {
        (
            proptest::collection::vec(0_u16..4, 7),
            proptest::collection::vec(-1.0_f32..1.0, 7),
            proptest::collection::vec(-3.0_f32..3.0, 8),
            proptest::collection::vec(1.0_f32..50.0, 8),
        )
            .prop_map(|(feature, threshold, value, cover)| Tree {
                feature,
                threshold,
                value,
                cover,
            })
    }

    proptest! {
        #[test]
        fn contributions_are_shapley_values_and_add_up(
            trees in proptest::collection::vec(tree(), 1..4),
            features in proptest::collection::vec(-1.5_f32..1.5, 4),
        ) {
            let forest = Forest { base: -0.7, trees };
            let (each, rest) = forest.contributions(&features);
            let sum: f64 = each.iter().sum::<f64>() + rest;
            prop_assert!((sum - forest.margin(&features)).abs() < 1e-9);
            for (feature, told) in each.iter().enumerate() {
                let defined: f64 = forest
                    .trees
                    .iter()
                    .map(|tree| by_definition(tree, &features)[feature])
                    .sum();
                prop_assert!((told - defined).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_node_without_a_split_is_its_left_child() {
        let tree = Tree {
            feature: vec![0, NO_SPLIT, 1],
            threshold: vec![0.5, 0.0, 2.0],
            value: vec![-1.0, 0.0, 1.0, 3.0],
            cover: vec![10.0, 0.0, 4.0, 2.0],
        };
        assert_eq!(tree.depth(), Some(2));
        assert_eq!(tree.leaf(&[0.0, 9.0]), 0);
        assert_eq!(tree.leaf(&[0.6, 2.5]), 3);
        let forest = Forest {
            base: 0.0,
            trees: vec![tree],
        };
        for features in [[0.0, 9.0], [0.6, 2.5], [0.6, 1.0]] {
            let (each, rest) = forest.contributions(&features);
            let sum: f64 = each.iter().sum::<f64>() + rest;
            assert!((sum - forest.margin(&features)).abs() < 1e-12);
        }
    }
}
