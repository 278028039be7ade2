//! The bounds and horizons of the pipeline.

/// What the pipeline may keep and for how long; `Default` is documented per field.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineSettings {
    /// Shards; with Kafka the number of partitions of the event topics. Default 12.
    pub shards: u32,
    /// How far a source's watermark stays behind its newest record. Default 30,000.
    pub reorder_slack_ms: i64,
    /// Events older than this behind their source's watermark count in the totals only.
    /// Default 14 days.
    pub lateness_ms_max: i64,
    /// Memory of all click filters together. Default 256 MiB.
    pub click_filter_bytes_max: u64,
    /// How long a click id is remembered. Default 24 h.
    pub click_horizon_ms: i64,
    /// How long an order status is remembered. Default 90 days.
    pub order_horizon_ms: i64,
    /// Order statuses remembered at most, over all shards. Default 50,000,000.
    pub order_index_entries_max: u64,
    /// Orders judged for one code and hour; those beyond are counted only. Default 10,000.
    pub attempts_per_code_hour_max: usize,
    /// Codes without a registry entry that are kept, over all shards. Default 100,000.
    pub unregistered_codes_max: usize,
    /// Hosts of click referrers known by name. Default 100,000.
    pub hosts_max: usize,
    /// Windows of closed hours kept so that late events can amend them. Default 1,000,000; with
    /// event-time order nothing is late, so 0 there.
    pub amendable_windows_max: usize,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        const HOUR_MS: i64 = 3_600_000;
        Self {
            shards: 12,
            reorder_slack_ms: 30_000,
            lateness_ms_max: 14 * 24 * HOUR_MS,
            click_filter_bytes_max: 256 << 20,
            click_horizon_ms: 24 * HOUR_MS,
            order_horizon_ms: 90 * 24 * HOUR_MS,
            order_index_entries_max: 50_000_000,
            attempts_per_code_hour_max: 10_000,
            unregistered_codes_max: 100_000,
            hosts_max: 100_000,
            amendable_windows_max: 1_000_000,
        }
    }
}
