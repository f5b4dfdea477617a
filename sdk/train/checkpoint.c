/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.c - the state of a running job as files step-N.safetensors in a directory of its own.
 *
 * A file holds everything: the trainer's tensors, and as metadata the progress of the job and the
 * identity that it must match. It appears by rename, so that one file is one consistent moment.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "train_int.h"

#define KEY_IDENTITY "fit_identity"
#define KEY_PROGRESS "fit_progress"
#define NAME_FORMAT "step-%010" PRIu64 ".safetensors"
#define NAME_SUFFIX ".safetensors"
/* A header lists some hundred tensors of about 100 bytes each. */
#define HEADER_MAX_BYTES (16u << 20)
#define PATH_BYTES 4096

static int
make_path(char out[PATH_BYTES], const char *dir, const char *name, struct rr_err *err)
{
    const int n = snprintf(out, PATH_BYTES, "%s/%s", dir, name);

    if (n < 0 || n >= PATH_BYTES) {
        return rr_err_set(err, -ENAMETOOLONG, "%s/%s: path too long", dir, name);
    }
    return 0;
}

static void
put_real(json_t *object, const char *name, double value)
{
    char text[64];

    /* hexadecimal, because a resumed sum must be the same bit for bit */
    (void)snprintf(text, sizeof text, "%a", value);
    (void)json_object_set_new(object, name, json_string(text));
}

static double
get_real(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? 0 : strtod(text, NULL);
}

static json_t *
pack_loss(const struct rr_loss *loss)
{
    json_t *object = json_object();

    put_real(object, "total", loss->total);
    put_real(object, "policy", loss->policy);
    put_real(object, "value", loss->value);
    put_real(object, "policy_entropy", loss->policy_entropy);
    put_real(object, "grad_norm", loss->grad_norm);
    return object;
}

static struct rr_loss
unpack_loss(const json_t *object)
{
    return (struct rr_loss){
        .total = get_real(object, "total"),
        .policy = get_real(object, "policy"),
        .value = get_real(object, "value"),
        .policy_entropy = get_real(object, "policy_entropy"),
        .grad_norm = get_real(object, "grad_norm"),
    };
}

static char *
pack(const struct progress *p)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "step", json_integer((json_int_t)p->step));
    (void)json_object_set_new(object, "epochs", json_integer((json_int_t)p->epochs));
    (void)json_object_set_new(object, "epoch_steps", json_integer((json_int_t)p->epoch_steps));
    (void)json_object_set_new(object, "stale", json_integer((json_int_t)p->stale));
    (void)json_object_set_new(object, "sum", pack_loss(&p->sum));
    (void)json_object_set_new(object, "train", pack_loss(&p->train));
    (void)json_object_set_new(object, "val", pack_loss(&p->val));
    put_real(object, "best_val", p->best_val);

    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}

static int
unpack(const char *text, struct progress *p, struct rr_err *err)
{
    json_error_t why;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &why);

    if (!json_is_object(object) || !json_is_integer(json_object_get(object, "step"))) {
        json_decref(object);
        return rr_err_set(err, RR_E_CORRUPT, "progress is not readable");
    }
    p->step = (uint64_t)json_integer_value(json_object_get(object, "step"));
    p->epochs = (uint64_t)json_integer_value(json_object_get(object, "epochs"));
    p->epoch_steps = (uint64_t)json_integer_value(json_object_get(object, "epoch_steps"));
    p->stale = (uint32_t)json_integer_value(json_object_get(object, "stale"));
    p->sum = unpack_loss(json_object_get(object, "sum"));
    p->train = unpack_loss(json_object_get(object, "train"));
    p->val = unpack_loss(json_object_get(object, "val"));
    p->best_val = get_real(object, "best_val");
    json_decref(object);
    return 0;
}

/* Step of a checkpoint's file name, or -1 when it is none. */
static int64_t
step_of(const char *name)
{
    char again[64];
    uint64_t step;

    if (sscanf(name, "step-%10" SCNu64, &step) != 1) {
        return -1;
    }
    (void)snprintf(again, sizeof again, NAME_FORMAT, step);
    return strcmp(again, name) == 0 ? (int64_t)step : -1;
}

static int
compare_falling(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* Steps of all checkpoints, newest first; *steps is the caller's. */
static int
list(const char *dir, int64_t **steps, size_t *count, struct rr_err *err)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;
    int rc = 0;

    *steps = NULL;
    *count = 0;
    if (handle == NULL) {
        return errno == ENOENT ? 0 : rr_err_set(err, -errno, "%s: %s", dir, strerror(errno));
    }
    while (rc == 0 && (entry = readdir(handle)) != NULL) {
        const int64_t step = step_of(entry->d_name);
        int64_t *grown;

        if (step < 0) {
            continue;
        }
        grown = realloc(*steps, (*count + 1) * sizeof **steps);
        if (grown == NULL) {
            rc = rr_err_set(err, -ENOMEM, "no memory to list %s", dir);
            break;
        }
        *steps = grown;
        (*steps)[(*count)++] = step;
    }
    (void)closedir(handle);
    if (*count > 0) {
        qsort(*steps, *count, sizeof **steps, compare_falling);
    }
    return rc;
}

int
checkpoint_save(const char *dir, uint32_t keep, const char *identity,
                const struct rr_trainer *trainer, const struct progress *progress,
                struct rr_err *err)
{
    char path[PATH_BYTES];
    char name[64];
    char *text = pack(progress);
    int64_t *steps = NULL;
    size_t count = 0;
    int rc;

    if (text == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a checkpoint");
    }
    (void)snprintf(name, sizeof name, NAME_FORMAT, progress->step);
    rc = make_path(path, dir, name, err);
    if (rc == 0) {
        const char *const meta[] = {KEY_IDENTITY, identity, KEY_PROGRESS, text, NULL};
        rc = rr_trainer_save(trainer, meta, path, err);
    }
    free(text);
    if (rc == 0) {
        rc = list(dir, &steps, &count, err);
    }
    for (size_t i = keep; rc == 0 && i < count; i++) {
        (void)snprintf(name, sizeof name, NAME_FORMAT, (uint64_t)steps[i]);
        rc = make_path(path, dir, name, err);
        if (rc == 0 && unlink(path) != 0 && errno != ENOENT) {
            rc = rr_err_set(err, -errno, "%s: cannot be removed: %s", path, strerror(errno));
        }
    }
    free(steps);
    return rc;
}

/* The metadata object of a safetensors file: a length of 8 bytes, little endian, then JSON. */
static int
read_meta(const char *path, json_t **root, struct rr_err *err)
{
    FILE *file = fopen(path, "rb");
    uint8_t head[8];
    uint64_t length = 0;
    char *text = NULL;
    struct stat info;
    json_error_t why;
    int rc = 0;

    *root = NULL;
    if (file == NULL) {
        return rr_err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    if (fstat(fileno(file), &info) != 0 || fread(head, 1, sizeof head, file) != sizeof head) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: too short", path);
        goto out;
    }
    for (int i = 7; i >= 0; i--) {
        length = length << 8 | head[i];
    }
    if (length > HEADER_MAX_BYTES || length + sizeof head > (uint64_t)info.st_size) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: header of %" PRIu64 " bytes", path, length);
        goto out;
    }
    text = malloc(length + 1);
    if (text == NULL) {
        rc = rr_err_set(err, -ENOMEM, "no memory to read %s", path);
        goto out;
    }
    if (fread(text, 1, length, file) != length) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: header cut short", path);
        goto out;
    }
    *root = json_loadb(text, length, 0, &why);
    if (*root == NULL) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: header: %s", path, why.text);
    }
out:
    free(text);
    (void)fclose(file);
    return rc;
}

/* 1: identity matches and progress is filled; 0: made for something else. */
static int
examine(const char *path, const char *identity, struct progress *progress, struct rr_err *err)
{
    json_t *root;
    int rc = read_meta(path, &root, err);

    if (rc != 0) {
        return rc;
    }

    const json_t *meta = json_object_get(root, "__metadata__");
    const char *owner = json_string_value(json_object_get(meta, KEY_IDENTITY));
    const char *text = json_string_value(json_object_get(meta, KEY_PROGRESS));
    if (owner == NULL || text == NULL) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%s: no checkpoint of this engine", path);
    } else if (strcmp(owner, identity) == 0) {
        rc = unpack(text, progress, err);
        rc = rc == 0 ? 1 : rc;
    }
    json_decref(root);
    return rc;
}

static void
tell(rr_fit_say_fn say, void *user, const char *what, const char *which)
{
    char line[512];

    if (say != NULL) {
        (void)snprintf(line, sizeof line, "%s: %.400s", what, which);
        say(user, line);
    }
}

int
checkpoint_restore(const char *dir, const char *identity, struct rr_trainer *trainer,
                   struct progress *progress, bool *damaged, rr_fit_say_fn say, void *user,
                   struct rr_err *err)
{
    char path[PATH_BYTES];
    char name[64];
    int64_t *steps;
    size_t count;
    int rc = list(dir, &steps, &count, err);

    *damaged = false;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct progress found = {0};
        struct rr_err why = RR_ERR_INIT;

        (void)snprintf(name, sizeof name, NAME_FORMAT, (uint64_t)steps[i]);
        rc = make_path(path, dir, name, err);
        if (rc != 0) {
            break;
        }
        rc = examine(path, identity, &found, &why);
        if (rc == 0) {
            tell(say, user, "checkpoint of other settings or data, not used", path);
            continue;
        }
        if (rc > 0) {
            rc = rr_trainer_restore(trainer, path, &why);
            if (rc == 0) {
                *progress = found;
                rc = 1;
                break;
            }
        }
        tell(say, user, "checkpoint not readable, removed", why.text);
        *damaged = true;
        if (unlink(path) != 0) {
            rc = rr_err_set(err, -errno, "%s: cannot be removed: %s", path, strerror(errno));
        } else {
            rc = 0;
        }
        break;
    }
    free(steps);
    return rc;
}

int
rr_fit_forget(const char *checkpoint_dir, struct rr_err *err)
{
    DIR *handle = opendir(checkpoint_dir);
    char path[PATH_BYTES];
    struct dirent *entry;
    int rc = 0;

    if (handle == NULL) {
        return errno == ENOENT ? 0
                               : rr_err_set(err, -errno, "%s: %s", checkpoint_dir, strerror(errno));
    }
    while (rc == 0 && (entry = readdir(handle)) != NULL) {
        /* temporary files of a killed save have the name of a checkpoint and more behind it */
        if (strncmp(entry->d_name, "step-", 5) != 0 || strstr(entry->d_name, NAME_SUFFIX) == NULL) {
            continue;
        }
        rc = make_path(path, checkpoint_dir, entry->d_name, err);
        if (rc == 0 && unlink(path) != 0 && errno != ENOENT) {
            rc = rr_err_set(err, -errno, "%s: cannot be removed: %s", path, strerror(errno));
        }
    }
    (void)closedir(handle);
    if (rc == 0 && rmdir(checkpoint_dir) != 0 && errno != ENOENT) {
        rc = rr_err_set(err, -errno, "%s: cannot be removed: %s", checkpoint_dir, strerror(errno));
    }
    return rc;
}
