//! The statements, one file each, and the only place that builds SQL text.

use oban_core::JobState;

macro_rules! statements {
    ($($name:ident = $file:literal;)+) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../sql/", $file, ".sql"));)+
    };
}

statements! {
    ACK_JOBS = "ack_jobs";
    ACK_JOBS_COMPLETE = "ack_jobs_complete";
    ANNOUNCE_QUEUES = "announce_queues";
    CAMPAIGN = "campaign";
    CANCEL_JOBS = "cancel_jobs";
    CHECK_CRON = "check_cron";
    DELETE_JOBS = "delete_jobs";
    FETCH_JOBS = "fetch_jobs";
    INSERT_CRON_JOBS = "insert_cron_jobs";
    INSERT_CRON_JOBS_TRIM = "insert_cron_jobs_trim";
    INSERT_JOBS = "insert_jobs";
    INSERT_JOBS_DUPLICATE = "insert_jobs_duplicate";
    INSERT_JOBS_KNOWN = "insert_jobs_known";
    INSERT_JOBS_LOCK = "insert_jobs_lock";
    INSERT_JOBS_REPLACE = "insert_jobs_replace";
    LEADER = "leader";
    LIST_JOBS = "list_jobs";
    NOTIFICATIONS = "notifications";
    NOTIFICATIONS_LAST = "notifications_last";
    NOTIFY = "notify";
    NOTIFY_TRIM = "notify_trim";
    PRUNE_JOBS_CANCELLED = "prune_jobs_cancelled";
    PRUNE_JOBS_COMPLETED = "prune_jobs_completed";
    PRUNE_JOBS_DISCARDED = "prune_jobs_discarded";
    RECLAIM_JOBS = "reclaim_jobs";
    RECLAIM_JOBS_GONE = "reclaim_jobs_gone";
    RECLAIM_JOBS_SELECT = "reclaim_jobs_select";
    REFRESH_QUEUES = "refresh_queues";
    RESCUE_JOBS = "rescue_jobs";
    RESCUE_JOBS_DEAD = "rescue_jobs_dead";
    RESCUE_JOBS_DISCARD = "rescue_jobs_discard";
    RESCUE_JOBS_EXHAUSTED = "rescue_jobs_exhausted";
    RESCUE_JOBS_ORPHANED = "rescue_jobs_orphaned";
    RESCUE_JOBS_PRODUCERS = "rescue_jobs_producers";
    RESIGN = "resign";
    RETRY_JOBS = "retry_jobs";
    SELECT_JOBS = "select_jobs";
    SELECT_JOBS_BY_ID = "select_jobs_by_id";
    SHUTDOWN_QUEUE = "shutdown_queue";
    STAGE_JOBS = "stage_jobs";
    STAGE_JOBS_QUEUE = "stage_jobs_queue";
    STAGE_JOBS_SELECT = "stage_jobs_select";
    UPDATE_JOBS = "update_jobs";
    UPDATE_QUEUE = "update_queue";
    V1_DOWN = "migrations/v1_down";
    V1_UP = "migrations/v1_up";
    V2_DOWN = "migrations/v2_down";
    V2_UP = "migrations/v2_up";
    V3_DOWN = "migrations/v3_down";
    V3_UP = "migrations/v3_up";
    V4_COLUMN = "migrations/v4_column";
    V4_DOWN = "migrations/v4_down";
    V4_HAS_COLUMN = "migrations/v4_has_column";
    V4_UP = "migrations/v4_up";
    VERSION = "version";
    VERSION_SET = "version_set";
    VERSION_TABLE = "version_table";
}

/// Selects the jobs in one state, lowest id first.
pub(crate) fn select_jobs_by_state(state: JobState) -> String {
    of_state(include_str!("../sql/select_jobs_by_state.sql"), state)
}

/// Selects jobs in one state, whichever are found first.
pub(crate) fn select_jobs_by_state_unordered(state: JobState) -> String {
    of_state(include_str!("../sql/select_jobs_by_state_unordered.sql"), state)
}

/// The text of a file with a predicate that implies the state's partial index.
fn of_state(text: &str, state: JobState) -> String {
    let predicate = match state {
        JobState::Scheduled => "state IN ('scheduled', 'retryable') AND state = 'scheduled'".to_owned(),
        state => format!("state = '{state}'"),
    };
    text.replace("\nWHERE {state}", &format!("\nWHERE {predicate}"))
}
