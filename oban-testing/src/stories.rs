/// The list of all stories, as [`__each_case`] is of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_story {
    ($($macro:tt)+) => {
        $($macro)+ ! {
            clusters {
                tells_two_processes_of_one_name_apart,
                keeps_instances_of_other_names_apart,
                announces_work_to_nodes_of_other_languages,
                gossips_about_its_queues,
                hears_by_another_notifier,
            }
            commands {
                pauses_and_resumes_a_queue_everywhere,
                scales_a_queue_everywhere,
                commands_one_node,
                commands_this_node_alone,
                starts_and_stops_a_queue_everywhere,
                pauses_and_resumes_all_queues,
                its_own_commands_hold_though_heard_late,
                obeys_though_nobody_can_be_told,
                refuses_commands_that_make_no_sense,
                ignores_what_it_cannot_obey,
                ends_a_cancelled_run_on_another_node,
                drops_a_cancelled_run_on_another_node,
                ends_a_cancelled_run_without_notifications,
                cancels_what_others_only_tell_it_to_end,
            }
            control {
                pauses_and_resumes_a_queue,
                scales_a_queue,
                starts_and_stops_a_queue,
                serves_a_queue_that_is_started_on_a_node_without_any,
                starts_a_queue_once,
                starts_no_queue_beside_a_stop,
                names_a_queue_it_does_not_run,
                tells_a_cancelled_job_to_end,
                tells_a_job_that_was_cancelled_before_its_fetch_was_answered,
                drops_a_cancelled_job_that_does_not_listen,
                never_runs_a_job_cancelled_before,
                survives_a_row_that_vanishes_while_it_runs,
                retries_and_updates_on_demand,
            }
            cron {
                inserts_each_minute_once_on_three_nodes,
                catches_up_on_what_nobody_inserted,
                runs_what_is_due_at_a_start,
                runs_the_entry_of_a_worker,
                inserts_nothing_twice_when_answers_are_lost,
                goes_on_after_an_outage,
                one_entry_that_is_refused_holds_up_no_other,
                needs_no_leader,
                refuses_bad_entries_before_anything_runs,
            }
            drain {
                runs_what_is_available_once,
                runs_jobs_in_the_order_of_a_queue,
                counts_by_outcome,
                leaves_jobs_that_wait_for_a_time,
                runs_scheduled_jobs_in_the_order_of_their_times,
                runs_scheduled_jobs_up_to_a_time,
                runs_what_is_due,
                never_runs_a_job_twice_without_recursion,
                runs_with_recursion_what_jobs_insert,
                tries_again_with_recursion_until_the_last_attempt,
                leaves_a_snoozed_job_to_its_time,
                runs_no_more_than_its_limit,
                ends_with_a_failure_and_leaves_the_rest,
                passes_a_panic_on,
                ends_a_job_that_takes_too_long,
                ignores_the_outcome_of_a_cancelled_job,
                hands_back_when_it_is_dropped,
                ends_with_its_instance,
                keeps_an_outcome_through_an_outage,
                counts_an_outcome_whose_answer_was_lost,
                replaces_an_outcome_that_cannot_be_stored,
                keeps_its_heart_beating,
                shares_a_queue_with_a_node_and_another_drain,
                runs_the_jobs_of_a_fetch_whose_answer_was_lost,
                ends_however_jobs_breed,
                refuses_what_makes_no_sense,
            }
            failures {
                survives_a_panic,
                survives_a_panic_before_the_first_await,
                survives_a_panicking_timeout,
                survives_an_error_that_cannot_be_printed,
                retries_by_the_default_when_backoff_panics,
                ends_a_job_that_takes_too_long,
                gives_up_on_a_job_that_blocks_for_too_long,
                records_an_error_with_a_nul,
                cuts_a_megabyte_of_error_text,
                records_args_that_do_not_fit,
                records_an_unknown_worker,
            }
            input {
                refuses_a_bad_job_and_names_all_of_it,
                one_bad_job_of_many_inserts_none,
                refuses_a_bad_configuration_before_anything_runs,
            }
            limits {
                never_runs_more_than_the_limit,
                starts_by_priority_then_time_then_id,
                runs_each_job_once_on_two_nodes,
                runs_jobs_truly_in_parallel,
                a_waiting_queue_delays_no_other,
                a_blocking_queue_delays_no_other,
            }
            outages {
                keeps_outcomes_through_an_outage,
                fetches_again_after_an_outage,
                runs_the_jobs_of_a_fetch_whose_answer_was_lost,
                runs_the_jobs_of_a_fetch_that_took_effect_late,
                sends_outcomes_again_when_the_answer_was_lost,
                one_outcome_that_cannot_be_stored_holds_up_no_other,
                stops_in_an_outage,
                fetches_nothing_while_it_looks_for_lost_jobs,
                gives_leadership_up_while_the_store_does_not_answer,
            }
            outcomes {
                completes_a_job,
                records_a_result,
                reads_a_result_by_its_id,
                fails_an_attempt_whose_result_is_too_large,
                retries_a_failure,
                discards_after_the_last_attempt,
                cancels_for_a_reason,
                discards_for_a_reason,
                snoozes_without_using_up_an_attempt,
                counts_a_senseless_snooze_as_a_failure,
                finds_what_it_left_for_itself_in_a_snooze,
                counts_a_senseless_note_as_a_failure,
                runs_a_job_that_is_stored_under_an_alias,
                finds_its_context_from_anywhere,
                lets_jobs_insert_jobs,
                runs_what_another_node_inserted,
            }
            testing {
                runs_nothing_by_itself,
                starts_no_queue,
                runs_jobs_where_they_are_inserted,
                runs_scheduled_jobs_as_well,
                runs_what_a_job_inserts_within_its_insert,
                passes_a_panic_to_the_inserter,
                finds_what_is_enqueued,
                waits_for_what_is_not_enqueued_yet,
            }
            upkeep {
                prunes_each_state_at_its_own_age,
                drains_a_backlog_in_small_batches,
                drains_a_backlog_that_the_store_takes_in_small_batches_only,
                asks_as_it_is_told,
                does_nothing_that_is_switched_off,
                does_nothing_on_a_node_that_only_inserts,
                takes_back_all_the_jobs_of_a_dead_node_in_batches,
                reindexes_by_schedule_where_it_leads,
                works_through_a_large_selection,
            }
            services {
                runs_a_scheduled_job_when_it_is_due,
                finds_work_without_notifications,
                hears_of_work_at_once,
                takes_over_the_jobs_of_a_dead_node,
                leaves_long_jobs_of_living_nodes_alone,
                prunes_old_jobs,
                one_of_two_nodes_leads,
                leads_only_where_queues_run,
                exhausted_jobs_hold_up_nobody,
            }
            shutdown {
                stops_at_once_when_idle,
                lets_running_jobs_finish,
                hands_back_what_outlasts_the_grace,
                asks_jobs_to_end_before_the_grace_is_over,
                hands_back_what_cannot_be_stopped,
                resigns_before_it_drains,
                stops_when_its_last_handle_is_dropped,
                runs_until_told,
            }
        }
    };
}
