/* SPDX-License-Identifier: MIT */
/*
 * rr/events.h - the events of the training loop.
 *
 *   SELFPLAY_REQUESTED -> SELFPLAY_COMPLETE -> DATA_SYNC_COMPLETED -> NPZ_EXPORT_COMPLETE
 *     -> TRAINING_REQUESTED -> TRAINING_COMPLETED -> EVALUATION_COMPLETED -> MODEL_PROMOTED
 *     -> CURRICULUM_UPDATED -> (scheduler) -> SELFPLAY_REQUESTED ...
 *
 * Paths are relative to the data directory. A sha256 is 64 lower-case hex digits. generation counts
 * trained models of a configuration from 1; 0 means that there is none yet.
 */
#ifndef RR_EVENTS_H
#define RR_EVENTS_H

#include <rr/event.h>

#define SELFPLAY_REQUESTED_FIELDS(F, S)                                                            \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, u64, request, "", "number of this request, unique per configuration")                     \
    F(S, u64, games, "games", "games to play")                                                     \
    F(S, u64, seed, "", "decides every random choice")                                             \
    F(S, str, model_path, "", "model to play with; empty: random moves")                           \
    F(S, str, model_sha256, "", "hash of that file")                                               \
    F(S, u64, generation, "", "generation of that model, 0 for none")                              \
    F(S, f64, budget_scale, "", "multiplies the stage's search budget")
RR_EVENT_TYPE(selfplay_requested, "SELFPLAY_REQUESTED", 1, SELFPLAY_REQUESTED_FIELDS);

#define SELFPLAY_COMPLETE_FIELDS(F, S)                                                             \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, u64, request, "", "number of the request")                                                \
    F(S, u64, games_completed, "games", "games in the shard")                                      \
    F(S, u64, plies, "plies", "plies in the shard")                                                \
    F(S, u64, samples, "samples", "plies with a policy target")                                    \
    F(S, str, shard_path, "", "the shard")                                                         \
    F(S, str, shard_sha256, "", "its hash")                                                        \
    F(S, u64, shard_bytes, "bytes", "its size")                                                    \
    F(S, str, model_id, "", "hash of the model that played, or none")                              \
    F(S, u64, generation, "", "its generation")                                                    \
    F(S, u64, evaluations, "positions", "positions that the net evaluated")                        \
    F(S, f64, duration_seconds, "s", "wall time")                                                  \
    F(S, f64, games_per_second, "1/s", "rate")
RR_EVENT_TYPE(selfplay_complete, "SELFPLAY_COMPLETE", 1, SELFPLAY_COMPLETE_FIELDS);

#define DATA_SYNC_COMPLETED_FIELDS(F, S)                                                           \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, u64, request, "", "number of the self-play request")                                      \
    F(S, str, shard_path, "", "the shard")                                                         \
    F(S, str, shard_sha256, "", "its hash")                                                        \
    F(S, u64, generation, "", "generation of the model that played it")                            \
    F(S, u64, files_synced, "files", "shards registered by this event: 0 for a known one")         \
    F(S, u64, games_synced, "games", "games registered by this event")                             \
    F(S, u64, samples_synced, "samples", "samples registered by this event")                       \
    F(S, u64, bytes_transferred, "bytes", "bytes read and verified")                               \
    F(S, u64, games_total, "games", "games registered for this configuration")                     \
    F(S, u64, samples_total, "samples", "samples registered for this configuration")               \
    F(S, f64, duration_seconds, "s", "wall time")
RR_EVENT_TYPE(data_sync_completed, "DATA_SYNC_COMPLETED", 1, DATA_SYNC_COMPLETED_FIELDS);

#define NPZ_EXPORT_COMPLETE_FIELDS(F, S)                                                           \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, u64, export_no, "", "number of this export, per configuration")                           \
    F(S, str, npz_path, "", "the file")                                                            \
    F(S, str, npz_sha256, "", "its hash")                                                          \
    F(S, u64, game_count, "games", "games in the window")                                          \
    F(S, u64, sample_count, "samples", "samples in the file")                                      \
    F(S, u64, validation_count, "samples", "of them in the validation split")                      \
    F(S, u64, new_samples, "samples", "samples that no earlier export had")                        \
    F(S, u64, newest_generation, "", "newest generation in the window")                            \
    F(S, u64, newest_game_ms, "ms", "UTC time of the newest game")                                 \
    F(S, str, encoder_version, "", "layout id of planes and policy map")                           \
    F(S, f64, quality_score, "", "0 .. 1, see man page of npz_export")                             \
    F(S, f64, duration_seconds, "s", "wall time")
RR_EVENT_TYPE(npz_export_complete, "NPZ_EXPORT_COMPLETE", 1, NPZ_EXPORT_COMPLETE_FIELDS);

#define TRAINING_BLOCKED_BY_QUALITY_FIELDS(F, S)                                                   \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, f64, quality_score, "", "measured")                                                       \
    F(S, f64, threshold, "", "required")                                                           \
    F(S, u64, game_count, "games", "games judged")                                                 \
    F(S, str, recommendation, "", "what to do")                                                    \
    F(S, str, reason, "", "which part was too low")
RR_EVENT_TYPE(training_blocked_by_quality, "TRAINING_BLOCKED_BY_QUALITY", 1,
              TRAINING_BLOCKED_BY_QUALITY_FIELDS);

#define TRAINING_REQUESTED_FIELDS(F, S)                                                            \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, job_id, "", "CONFIG-gNNNN, unique")                                                  \
    F(S, u64, generation, "", "of the model to be made")                                           \
    F(S, str, npz_path, "", "training data")                                                       \
    F(S, str, npz_sha256, "", "its hash")                                                          \
    F(S, u64, sample_count, "samples", "samples in it")                                            \
    F(S, u64, new_samples, "samples", "samples that no earlier training saw")                      \
    F(S, str, init_model, "", "model to start from; empty: fresh weights")                         \
    F(S, str, init_sha256, "", "its hash")
RR_EVENT_TYPE(training_requested, "TRAINING_REQUESTED", 1, TRAINING_REQUESTED_FIELDS);

#define TRAINING_STARTED_FIELDS(F, S)                                                              \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, job_id, "", "of the request")                                                        \
    F(S, str, npz_path, "", "training data")                                                       \
    F(S, u64, steps, "steps", "optimiser steps planned")                                           \
    F(S, u64, batch_size, "samples", "samples a step")                                             \
    F(S, f64, learning_rate, "", "highest of the schedule")                                        \
    F(S, str, init_model, "", "model it starts from")
RR_EVENT_TYPE(training_started, "TRAINING_STARTED", 1, TRAINING_STARTED_FIELDS);

#define TRAINING_PROGRESS_FIELDS(F, S)                                                             \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, job_id, "", "of the request")                                                        \
    F(S, u64, epoch, "", "epochs finished")                                                        \
    F(S, u64, step, "steps", "steps made")                                                         \
    F(S, f64, train_loss, "nats", "mean over the epoch")                                           \
    F(S, f64, val_loss, "nats", "on the validation split")                                         \
    F(S, f64, learning_rate, "", "now")
RR_EVENT_TYPE(training_progress, "TRAINING_PROGRESS", 1, TRAINING_PROGRESS_FIELDS);

#define TRAINING_COMPLETED_FIELDS(F, S)                                                            \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, job_id, "", "of the request")                                                        \
    F(S, u64, generation, "", "of the new model")                                                  \
    F(S, str, model_path, "", "the new model")                                                     \
    F(S, str, model_sha256, "", "its hash")                                                        \
    F(S, str, npz_path, "", "training data")                                                       \
    F(S, u64, epochs, "", "epochs made")                                                           \
    F(S, u64, steps, "steps", "optimiser steps made")                                              \
    F(S, u64, samples_trained, "samples", "samples seen, repetitions counted")                     \
    F(S, f64, final_loss, "nats", "training loss of the last epoch")                               \
    F(S, f64, policy_loss, "nats", "policy part, last epoch")                                      \
    F(S, f64, value_loss, "nats", "value part, last epoch")                                        \
    F(S, f64, best_val_loss, "nats", "lowest validation loss")                                     \
    F(S, f64, val_policy_loss, "nats", "policy part on the validation split, at the end")          \
    F(S, f64, val_value_loss, "nats", "value part on the validation split, at the end")            \
    F(S, f64, duration_seconds, "s", "wall time")                                                  \
    F(S, bool, early_stopped, "", "ended before its last step by rule")                            \
    F(S, str, architecture, "", "short name of the net")
RR_EVENT_TYPE_ALIAS(training_completed, "TRAINING_COMPLETED", "TRAINING_COMPLETE", 1,
                    TRAINING_COMPLETED_FIELDS);

#define TRAINING_FAILED_FIELDS(F, S)                                                               \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, job_id, "", "of the request")                                                        \
    F(S, u64, generation, "", "of the model that was to be made")                                  \
    F(S, str, error_class, "", "data, mismatch, numeric, resource or internal")                    \
    F(S, str, error, "", "what happened")                                                          \
    F(S, bool, retryable, "", "whether the same request may succeed later")
RR_EVENT_TYPE(training_failed, "TRAINING_FAILED", 1, TRAINING_FAILED_FIELDS);

#define EVALUATION_COMPLETED_FIELDS(F, S)                                                          \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, model_path, "", "the model judged")                                                  \
    F(S, str, model_sha256, "", "its hash; ratings belong to it")                                  \
    F(S, u64, generation, "", "its generation")                                                    \
    F(S, f64, elo, "Elo", "rating; random play is anchored at 400")                                \
    F(S, f64, elo_ci, "Elo", "half width of the 95 % interval")                                    \
    F(S, u64, games_played, "games", "games of this evaluation, never 0")                          \
    F(S, f64, win_rate, "", "score against the champion, or against random when there is none")    \
    F(S, json, opponent_results, "",                                                               \
      "[{opponent, games, wins, draws, losses, rate, low, high, simulations}]")                    \
    F(S, str, match_path, "", "the immutable match record")                                        \
    F(S, f64, duration_seconds, "s", "wall time")
RR_EVENT_TYPE(evaluation_completed, "EVALUATION_COMPLETED", 1, EVALUATION_COMPLETED_FIELDS);

#define MODEL_PROMOTED_FIELDS(F, S)                                                                \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, model_path, "", "the new champion")                                                  \
    F(S, str, model_sha256, "", "its hash")                                                        \
    F(S, u64, generation, "", "its generation")                                                    \
    F(S, f64, previous_elo, "Elo", "rating of the champion before; 400 (random) when none")        \
    F(S, f64, new_elo, "Elo", "rating of the new one")                                             \
    F(S, f64, elo_delta, "Elo", "difference")                                                      \
    F(S, str, supersedes, "", "hash of the champion before, or empty")                             \
    F(S, str, rule, "", "the statistical rule and its figures")
RR_EVENT_TYPE(model_promoted, "MODEL_PROMOTED", 1, MODEL_PROMOTED_FIELDS);

#define PROMOTION_REJECTED_FIELDS(F, S)                                                            \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, str, model_path, "", "the model judged")                                                  \
    F(S, str, model_sha256, "", "its hash")                                                        \
    F(S, u64, generation, "", "its generation")                                                    \
    F(S, str, gate, "", "which gate it did not pass")                                              \
    F(S, str, reason, "", "in words, with the figures")                                            \
    F(S, f64, measured, "", "figure measured")                                                     \
    F(S, f64, required, "", "figure required")
RR_EVENT_TYPE(promotion_rejected, "PROMOTION_REJECTED", 1, PROMOTION_REJECTED_FIELDS);

#define CURRICULUM_UPDATED_FIELDS(F, S)                                                            \
    F(S, str, config, "", "configuration key")                                                     \
    F(S, f64, weight, "", "share of self-play, 0.5 .. 2")                                          \
    F(S, f64, previous_weight, "", "before")                                                       \
    F(S, f64, budget_scale, "", "multiplies the search budget of self-play")                       \
    F(S, str, trigger, "", "the reaction that moved it")
RR_EVENT_TYPE(curriculum_updated, "CURRICULUM_UPDATED", 1, CURRICULUM_UPDATED_FIELDS);

#endif
