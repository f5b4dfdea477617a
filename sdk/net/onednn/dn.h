/* SPDX-License-Identifier: MIT */
/*
 * dn.h - oneDNN objects with our way of errors and of memory.
 *
 * Every primitive works on memory that is fixed when it is made; one scratch pad serves all
 * primitives of a struct dn, because they run one after the other.
 */
#ifndef RR_NET_ONEDNN_DN_H
#define RR_NET_ONEDNN_DN_H

#include <rr/err.h>

#include <oneapi/dnnl/dnnl.h>

#include <stddef.h>

#define PRIM_ARGS_MAX 6

struct prim {
    dnnl_primitive_t p;
    int n_args;
    dnnl_exec_arg_t args[PRIM_ARGS_MAX];
};

struct dn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    void *scratch;
    size_t scratch_bytes; /* the most that any primitive wants */
    dnnl_memory_t *pads;  /* memory objects that get the scratch pad in dn_seal(); borrowed */
    size_t n_pads;
};

int dn_init(struct dn *dn, struct rr_err *err);
void dn_fini(struct dn *dn);

/* Allocate the scratch pad; after this no primitive is made any more. */
int dn_seal(struct dn *dn, struct rr_err *err);

/* Fill *err from a status of oneDNN. */
int dn_error(dnnl_status_t status, const char *what, struct rr_err *err);

/* Name of the instruction set that oneDNN uses here, and whether it has bf16 arithmetic. */
const char *dn_isa(void);
int dn_has_bf16(void);

/* Zeroed memory at a multiple of 64 bytes, released with free(); NULL when there is none. */
void *dn_alloc(size_t bytes);

/* Make the primitive of a descriptor (which is destroyed in any case) and give it its scratch pad.
 * An implementation of the reference kind is refused: it is slower by factors of up to 10^5. */
int prim_init(struct prim *prim, struct dn *dn, dnnl_primitive_desc_t pd, const char *what,
              struct rr_err *err);

/* Bind memory to an argument. */
int prim_bind(struct prim *prim, struct dn *dn, int arg, const dnnl_memory_desc_t *md, void *data,
              struct rr_err *err);

/* A copy from one layout and type to another. */
int prim_init_reorder(struct prim *prim, struct dn *dn, const dnnl_memory_desc_t *from, void *src,
                      const dnnl_memory_desc_t *to, void *dst, struct rr_err *err);

int prim_run(const struct prim *prim, struct dn *dn, struct rr_err *err);
void prim_fini(struct prim *prim);

#endif
