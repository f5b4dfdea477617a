/* SPDX-License-Identifier: MIT */
/*
 * dn.c - oneDNN objects with our way of errors and of memory.
 */
#include "sdk/net/onednn/dn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
dn_error(dnnl_status_t status, const char *what, struct rr_err *err)
{
    switch (status) {
    case dnnl_out_of_memory:
        return rr_err_set(err, -ENOMEM, "oneDNN: %s: out of memory", what);
    case dnnl_unimplemented:
        return rr_err_set(err, -ENOTSUP, "oneDNN: %s: this processor (%s) has no way to do it",
                          what, dn_isa());
    default:
        return rr_err_set(err, -EIO, "oneDNN: %s: status %d", what, (int)status);
    }
}

const char *
dn_isa(void)
{
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_avx512_core_amx:
        return "avx512_core_amx";
    case dnnl_cpu_isa_avx512_core_bf16:
        return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_vnni:
        return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core:
        return "avx512_core";
    case dnnl_cpu_isa_avx2_vnni:
        return "avx2_vnni";
    case dnnl_cpu_isa_avx2:
        return "avx2";
    case dnnl_cpu_isa_avx:
        return "avx";
    case dnnl_cpu_isa_sse41:
        return "sse41";
    default:
        return "other";
    }
}

int
dn_has_bf16(void)
{
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();

    return isa == dnnl_cpu_isa_avx512_core_amx || isa == dnnl_cpu_isa_avx512_core_bf16;
}

void *
dn_alloc(size_t bytes)
{
    const size_t whole = (bytes + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, whole);

    if (p != NULL) {
        memset(p, 0, whole);
    }
    return p;
}

int
dn_init(struct dn *dn, struct rr_err *err)
{
    dnnl_status_t s;

    memset(dn, 0, sizeof *dn);
    s = dnnl_engine_create(&dn->engine, dnnl_cpu, 0);
    if (s == dnnl_success) {
        s = dnnl_stream_create(&dn->stream, dn->engine, dnnl_stream_default_flags);
    }
    return s == dnnl_success ? 0 : dn_error(s, "engine", err);
}

void
dn_fini(struct dn *dn)
{
    if (dn->stream != NULL) {
        (void)dnnl_stream_destroy(dn->stream);
    }
    if (dn->engine != NULL) {
        (void)dnnl_engine_destroy(dn->engine);
    }
    free(dn->scratch);
    free(dn->pads);
    memset(dn, 0, sizeof *dn);
}

int
dn_seal(struct dn *dn, struct rr_err *err)
{
    dn->scratch = dn_alloc(dn->scratch_bytes);
    if (dn->scratch == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory for %zu bytes of scratch",
                          dn->scratch_bytes);
    }
    for (size_t i = 0; i < dn->n_pads; i++) {
        const dnnl_status_t s = dnnl_memory_set_data_handle(dn->pads[i], dn->scratch);

        if (s != dnnl_success) {
            return dn_error(s, "scratch pad", err);
        }
    }
    return 0;
}

/* Bind a scratch pad whose memory comes with dn_seal(). */
static int
bind_pad(struct prim *prim, struct dn *dn, const dnnl_memory_desc_t *md, struct rr_err *err)
{
    const size_t bytes = dnnl_memory_desc_get_size(md);
    dnnl_memory_t *pads;
    int rc;

    if (bytes == 0) {
        return 0;
    }
    pads = realloc(dn->pads, (dn->n_pads + 1) * sizeof(dnnl_memory_t));
    if (pads == NULL) {
        return rr_err_set(err, -ENOMEM, "net: out of memory");
    }
    dn->pads = pads;
    rc = prim_bind(prim, dn, DNNL_ARG_SCRATCHPAD, md, NULL, err);
    if (rc == 0) {
        dn->pads[dn->n_pads++] = prim->args[prim->n_args - 1].memory;
        dn->scratch_bytes = bytes > dn->scratch_bytes ? bytes : dn->scratch_bytes;
    }
    return rc;
}

int
prim_init(struct prim *prim, struct dn *dn, dnnl_primitive_desc_t pd, const char *what,
          struct rr_err *err)
{
    const char *info = "";
    dnnl_status_t s;
    int rc;

    (void)dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&info);
    if (strncmp(info, "ref", 3) == 0) {
        rc = rr_err_set(err, -ENOTSUP, "oneDNN: %s: only %s on this processor (%s), far too slow",
                        what, info, dn_isa());
        (void)dnnl_primitive_desc_destroy(pd);
        return rc;
    }
    s = dnnl_primitive_create(&prim->p, pd);
    rc =
        s == dnnl_success
            ? bind_pad(prim, dn, dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0), err)
            : dn_error(s, what, err);
    (void)dnnl_primitive_desc_destroy(pd);
    return rc;
}

int
prim_bind(struct prim *prim, struct dn *dn, int arg, const dnnl_memory_desc_t *md, void *data,
          struct rr_err *err)
{
    dnnl_memory_t memory;
    const dnnl_status_t s = dnnl_memory_create(&memory, md, dn->engine, data);

    if (s != dnnl_success) {
        return dn_error(s, "memory", err);
    }
    prim->args[prim->n_args++] = (dnnl_exec_arg_t){.arg = arg, .memory = memory};
    return 0;
}

int
prim_init_reorder(struct prim *prim, struct dn *dn, const dnnl_memory_desc_t *from, void *src,
                  const dnnl_memory_desc_t *to, void *dst, struct rr_err *err)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(&attr);
    int rc;

    if (s == dnnl_success) {
        s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    }
    if (s == dnnl_success) {
        s = dnnl_reorder_primitive_desc_create(&pd, from, dn->engine, to, dn->engine, attr);
    }
    if (attr != NULL) {
        (void)dnnl_primitive_attr_destroy(attr);
    }
    if (s != dnnl_success) {
        return dn_error(s, "reorder of weights", err);
    }
    /* Weights are small: a slow reorder does no harm, so no implementation is refused. */
    s = dnnl_primitive_create(&prim->p, pd);
    rc =
        s == dnnl_success
            ? bind_pad(prim, dn, dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0), err)
            : dn_error(s, "reorder of weights", err);
    (void)dnnl_primitive_desc_destroy(pd);
    rc = rc ? rc : prim_bind(prim, dn, DNNL_ARG_FROM, from, src, err);
    rc = rc ? rc : prim_bind(prim, dn, DNNL_ARG_TO, to, dst, err);
    return rc;
}

int
prim_run(const struct prim *prim, struct dn *dn, struct rr_err *err)
{
    const dnnl_status_t s = dnnl_primitive_execute(prim->p, dn->stream, prim->n_args, prim->args);

    return s == dnnl_success ? 0 : dn_error(s, "execution", err);
}

void
prim_fini(struct prim *prim)
{
    for (int i = 0; i < prim->n_args; i++) {
        (void)dnnl_memory_destroy(prim->args[i].memory);
    }
    if (prim->p != NULL) {
        (void)dnnl_primitive_destroy(prim->p);
    }
    memset(prim, 0, sizeof *prim);
}
