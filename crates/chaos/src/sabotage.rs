//! Faults that are planted on purpose.

/// A rule of the protocol that a driver breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The offsets of a commit are read after the state was encoded.
    OffsetsAheadOfState,
    /// Outputs are sent before their manifest is created.
    PublishBeforeCommit,
    /// A taken name is believed to be one's own.
    ExistsIsCommitted,
    /// A lost answer is believed to be a success.
    UnclearIsCommitted,
    /// A taken name is believed to be another's: availability, not safety.
    ExistsIsFenced,
    /// A conflict of the store is believed to be another owner: availability, not safety.
    UnclearIsFenced,
    /// A take-over reads and creates nothing, so that the owner before it goes on committing.
    NoTakeoverManifest,
    /// The steps of quiet logs are not written into the manifest.
    IdleStepsNotRecorded,
    /// A commit does not wait until the dead letters below its offsets are acknowledged.
    DeadLettersNotAwaited,
    /// Objects are deleted at once, and an owner never doubts itself.
    TidyWithoutGrace,
    /// What is dirty is forgotten when a commit ends instead of when it is encoded.
    DirtyForgottenLate,
    /// The outbox of the owner before is not published.
    OutboxForgottenAtTakeover,
    /// Records that wait in the merge are not part of the state.
    WaitingNotSaved,
    /// A fenced owner publishes what it had in hand.
    FencedOutboxPublished,
    /// A damaged newest manifest is taken for an empty store.
    DamageIsEmpty,
    /// A frozen owner goes on applying records of a log that another one owns, and its state is
    /// committed after it took over again without a restore.
    NoRestoreAfterFence,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Sabotage; 16] = [
        Sabotage::OffsetsAheadOfState,
        Sabotage::PublishBeforeCommit,
        Sabotage::ExistsIsCommitted,
        Sabotage::UnclearIsCommitted,
        Sabotage::ExistsIsFenced,
        Sabotage::UnclearIsFenced,
        Sabotage::NoTakeoverManifest,
        Sabotage::IdleStepsNotRecorded,
        Sabotage::DeadLettersNotAwaited,
        Sabotage::TidyWithoutGrace,
        Sabotage::DirtyForgottenLate,
        Sabotage::OutboxForgottenAtTakeover,
        Sabotage::WaitingNotSaved,
        Sabotage::FencedOutboxPublished,
        Sabotage::DamageIsEmpty,
        Sabotage::NoRestoreAfterFence,
    ];
}
