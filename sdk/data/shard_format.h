/* SPDX-License-Identifier: MIT */
/*
 * shard_format.h - the bytes of a shard, shared by its writer and its reader.
 *
 *   header   magic 8 | version u32 | body bytes u32 | body | crc32 of all before u32
 *   record   tag u32 | deflated bytes u32 | raw bytes u32 | deflated | crc32 of all that u32
 *   ...
 *   trailer  tag u32 | 0 u32 | games, plies, samples, bytes of the file u64 | sha256 of all before
 *            the trailer 32 | crc32 of the trailer so far u32
 *
 * doc/shard-format.md describes the fields inside the bodies.
 */
#ifndef RR_DATA_SHARD_FORMAT_H
#define RR_DATA_SHARD_FORMAT_H

#define SHARD_MAGIC "RRSHARD\n"
#define SHARD_MAGIC_BYTES 8u
#define SHARD_VERSION 1u
#define SHARD_HEAD_BYTES 16u       /* before the body */
#define SHARD_BODY_MAX 4096u       /* three names and two numbers */
#define SHARD_TAG_GAME 0x454d4147u /* "GAME" */
#define SHARD_TAG_END 0x53444e45u  /* "ENDS" */
#define SHARD_RECORD_HEAD_BYTES 12u
#define SHARD_TRAILER_BYTES 76u

/* Of a game before deflate: the largest game is some thousand plies with some thousand targets. */
#define SHARD_RAW_MAX (1u << 28)
/* Deflate cannot shrink more than this; a larger claim is a lie. */
#define SHARD_DEFLATE_RATIO 1032u

#define SHARD_GAME_BYTES 60u    /* fixed part: id, seed, options, time, share, plies */
#define SHARD_PLY_BYTES 13u     /* move u64, flags u8, targets u32 */
#define SHARD_SEARCH_BYTES 24u  /* value f32 x 4, net_value f32, simulations u32: searched plies */
#define SHARD_TARGET_BYTES 10u  /* move u64, probability u16 */
#define SHARD_PROB_ONE 65535.0f /* the largest probability of a ply is stored as this */

#endif
