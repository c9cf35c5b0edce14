/// The list of all cases: hands it to the macro whose path is given. A case that is defined in
/// `suite/` but not listed here fails a test of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_case {
    ($($macro:tt)+) => {
        $($macro)+ ! {
            ack {
                completes,
                records_a_result,
                retries,
                waits_a_century_to_the_microsecond,
                discards,
                cancels,
                snoozes,
                hands_back,
                snoozes_without_end,
                counts_from_zero_when_the_counter_is_no_number,
                counts_on,
                appends_errors_in_order,
                keeps_any_error_text,
                keeps_a_megabyte_of_error_text,
                takes_an_empty_list,
                takes_a_thousand_mixed_outcomes,
            }
            announce {
                announces_each_queue_with_work_once,
                announces_nothing_without_work,
            }
            cancel {
                cancels_whatever_is_not_finished,
                leaves_finished_jobs,
                stops_what_waits,
                keeps_a_running_job_from_rescue,
                counts_its_limit_by_lowest_id,
                selects_by_all_conditions_together,
                selects_nothing_by_an_empty_list,
                takes_ten_thousand_ids,
                wins_or_loses_whole_against_an_ack,
                tells_whoever_runs_them,
            }
            delete {
                deletes_jobs_in_any_other_state,
                spares_executing_jobs,
                counts_its_limit_by_lowest_id,
                selects_by_all_conditions_together,
                selects_nothing_by_an_empty_list,
                never_reuses_an_id,
            }
            fence {
                refuses_another_attempt,
                refuses_another_execution_of_the_same_attempt,
                tells_executions_apart_by_a_microsecond,
                refuses_jobs_that_do_not_run,
                refuses_deleted_jobs,
                leaves_a_cancelled_job_cancelled,
                refuses_the_old_run_of_a_rescued_job,
                takes_an_outcome_once,
                takes_one_of_two_contradicting_outcomes,
            }
            fetch {
                makes_jobs_executing,
                orders_by_priority_then_time_then_id,
                goes_on_after_a_position,
                gives_no_more_than_demanded,
                gives_nothing_on_no_demand,
                stays_in_its_queue,
                leaves_jobs_that_wait,
                leaves_finished_jobs,
                gives_nothing_to_a_paused_producer,
                gives_nothing_to_a_producer_that_started_paused,
                gives_nothing_to_a_draining_producer,
                takes_the_acks_of_a_paused_producer,
                takes_acks_without_demand,
                takes_acks_before_it_fetches,
                says_which_acks_were_taken,
                skips_exhausted_jobs,
                fetches_again_after_a_retry,
                takes_no_notice_of_a_clock_that_steps_back,
                never_gives_a_job_to_two_nodes,
            }
            insert {
                assigns_rising_ids,
                fills_in_defaults,
                keeps_every_given_field,
                returns_what_it_stored,
                returns_jobs_in_the_order_given,
                stores_ten_thousand_at_once,
                takes_an_empty_list,
                keeps_unicode_and_quotes,
                keeps_tags_with_separators,
                keeps_numbers_exact,
                keeps_nested_args,
                keeps_a_megabyte_of_args,
                keeps_names_of_full_length,
                schedules_whatever_has_a_time,
                schedules_in_a_period_by_the_stores_clock,
                keeps_microseconds,
                keeps_far_times,
                announces_each_queue_once,
                announces_no_scheduled_job,
                stores_all_or_nothing_when_dropped,
                refuses_a_foreign_connection,
            }
            inspect {
                is_ready,
                lists_by_lowest_id,
                lists_each_job_once,
                lists_by_every_condition,
                takes_patterns_literally,
                lists_jobs_in_every_state,
                counts_by_queue_and_state,
                counts_no_more_than_its_limit_of_each_state,
            }
            notifier {
                reaches_its_own_node,
                reaches_the_other_node,
                keeps_channels_apart,
                hears_several_channels_by_one_subscription,
                carries_many_payloads_in_order,
                carries_any_text,
                hears_a_hint_once_though_run_twice,
                stops_when_told,
                keeps_subscriptions_made_before_it_runs,
                keeps_subscriptions_over_a_restart,
                goes_on_when_one_of_two_runs_stops,
            }
            peer {
                elects_the_first_candidate,
                elects_one_of_many_at_once,
                extends_the_leaders_lease,
                replaces_a_leader_whose_lease_expired,
                takes_its_own_expired_lease_again,
                refuses_another_process_of_the_same_name,
                keeps_its_leader_when_the_clock_steps_back,
                counts_the_latest_ttl,
                frees_the_lease_at_once,
                announces_a_resignation,
                elects_for_each_instance,
            }
            prune {
                deletes_by_each_states_own_age,
                judges_completed_jobs_by_their_completion,
                keeps_states_without_an_age,
                is_bounded_and_continues,
                keeps_live_jobs,
                keeps_a_job_that_was_retried,
            }
            queue {
                registers_a_producer,
                gives_every_producer_an_identity,
                changes_settings,
                says_goodbye_twice,
                removes_one_registration_only,
            }
            reclaim {
                hands_back_what_the_producer_does_not_run,
                leaves_other_producers_alone,
                leaves_finished_jobs_alone,
                refuses_the_late_ack_of_a_reclaimed_job,
                tells_which_runs_are_over,
            }
            rescue {
                takes_back_the_jobs_of_a_dead_producer,
                counts_every_rescue,
                leaves_the_jobs_of_a_living_producer,
                counts_the_registration_as_a_heartbeat,
                beats_several_hearts_at_once,
                judges_unregistered_jobs_by_age,
                discards_exhausted_jobs,
                sweeps_exhausted_available_jobs,
                leaves_jobs_in_other_states,
                is_bounded_and_continues,
                bounds_the_sweep_as_well,
                removes_the_registration_of_the_dead,
                spares_a_producer_that_registers_again,
                spares_the_living_when_the_clock_steps_back,
                takes_each_job_once_at_two_nodes,
                takes_nothing_twice,
                announces_the_queues,
                leaves_the_finished_jobs_of_the_dead,
            }
            retry {
                makes_jobs_available_again,
                leaves_available_and_executing_jobs,
                allows_one_more_attempt,
                keeps_attempts_that_are_left,
                announces_the_queues,
                counts_its_limit_by_lowest_id,
                selects_by_all_conditions_together,
                selects_nothing_by_an_empty_list,
                takes_its_new_place_in_the_queue,
            }
            stage {
                makes_due_jobs_available,
                takes_retryable_jobs_as_well,
                leaves_what_is_not_due,
                takes_the_oldest_due_first,
                stages_nothing_with_a_limit_of_zero,
                leaves_jobs_in_other_states,
                announces_the_queues,
                tells_which_queues_have_work,
                leaves_a_cancelled_job_cancelled,
                never_stages_a_job_at_two_nodes,
                keeps_cancelled_what_is_cancelled_meanwhile,
            }
            update {
                replaces_what_is_named,
                keeps_what_is_not_named,
                empties_what_is_replaced_by_nothing,
                changes_jobs_in_any_state,
                reschedules_waiting_jobs,
                reschedules_no_other_jobs,
                schedules_at_a_time_or_now,
                never_sets_max_attempts_below_the_attempts_made,
                moves_jobs_between_queues,
                returns_rows_by_lowest_id,
                selects_by_all_conditions_together,
                selects_nothing_by_an_empty_list,
                keeps_the_run_of_a_running_job,
            }
        }
    };
}
