/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Loom firmware interface: the image the boot ROM checks, and the memory that driver and firmware
 * share (message rings, log ring, state). Little-endian. Whoever reads an index that the other
 * side writes reads it once, and checks it.
 */
#ifndef LOOM_FW_H
#define LOOM_FW_H

#include <linux/types.h>

/* ---- Image ---- */
#define LOOM_FW_MAGIC		0x57464d4c	/* "LMFW" */
#define LOOM_FW_HDR_VERSION	1
#define LOOM_FW_NAME		"loom/loom_fw.bin"	/* for request_firmware() */

/**
 * struct loom_fw_hdr - first bytes of the image; the payload follows at once
 * @magic: LOOM_FW_MAGIC
 * @hdr_version: LOOM_FW_HDR_VERSION
 * @hdr_bytes: sizeof(struct loom_fw_hdr)
 * @hw_revision: major of LOOM_REG_REVISION that the image is for, in [31:16]
 * @proto_version: LOOM_FW_PROTO_VERSION it was built with
 * @payload_bytes: multiple of 4; image size is @hdr_bytes + @payload_bytes
 * @bss_bytes: zeroed after the payload; both fit the TCM
 * @entry: address in the TCM of the first instruction, 4-byte aligned, inside of the payload
 * @version: text for people, NUL-terminated
 * @sha256: of the payload
 * @rsvd: zero
 */
struct loom_fw_hdr {
	__le32 magic;
	__le16 hdr_version;
	__le16 hdr_bytes;
	__le32 hw_revision;
	__le32 proto_version;
	__le32 payload_bytes;
	__le32 bss_bytes;
	__le32 entry;
	__le32 rsvd0;
	char   version[32];
	__u8   sha256[32];
	__le32 rsvd[8];
};
_Static_assert(sizeof(struct loom_fw_hdr) == 128, "loom_fw_hdr");

/* ---- Shared memory ---- */
/* [31:16] major: must be equal; [15:0] minor: the lower of the two sides' holds. */
#define LOOM_FW_PROTO_VERSION	0x00010002	/* 1.2: LOOM_QUEUE_AT_HEAD */

#define LOOM_SHM_MAGIC		0x4d48534c	/* "LSHM" */
#define LOOM_SHM_BYTES		0x10000

#define LOOM_MSG_SLOTS		128	/* of each ring; a power of two */
#define LOOM_LOG_BYTES		0x4000	/* a power of two */

/**
 * struct loom_msg - one message, in either direction
 * @type: loom_msg_type
 * @cookie: chosen by the driver, copied to the reply
 * @status: in replies, loom_fw_status
 * @rsvd: zero
 * @u: payload by type
 */
struct loom_msg {
	__le32 type;
	__le32 cookie;
	__le32 status;
	__le32 rsvd;
	union {
		__u8 raw[48];
		struct {
			__le32 proto_version;	/* driver's in HELLO, firmware's in the reply */
			__le32 num_cores;	/* reply */
			char   version[32];	/* reply: as in the image header */
		} hello;
		struct {
			__le64 ring;		/* address of the job ring, 64-byte aligned */
			__le64 cpl;		/* address of the completion ring, 64-byte aligned */
			__le32 queue;		/* 0..63 */
			__le32 as;		/* 0..63 */
			__le32 log2;		/* of the entries */
			__le32 prio;		/* loom_fw_prio */
			__le32 flags;		/* LOOM_QUEUE_RING_VA, LOOM_QUEUE_AT_HEAD */
			__le32 head;		/* with AT_HEAD: jobs that count as started; else zero */
		} queue_create;
		struct {
			__le32 queue;		/* QUEUE_DESTROY, QUEUE_STOP, QUEUE_RESUME */
			__le32 head;		/* reply of STOP: jobs started since creation */
		} queue;
		struct {
			__le32 clock_khz;	/* wanted; reply: set */
		} clock;
		struct {
			__le64 va;		/* all as in struct loom_completion */
			__le32 queue;
			__le32 as;
			__le32 index;		/* of the job in its queue */
			__le32 status;		/* loom_job_status */
			__le32 code;
			__le32 slot;
			__u8   engine;
			__u8   access;
			__u8   core;
			__u8   rsvd;
		} fault;
	} u;
};
_Static_assert(sizeof(struct loom_msg) == 64, "loom_msg");

#define LOOM_QUEUE_RING_VA	0x1	/* ring addresses are VAs of the queue's address space */
#define LOOM_QUEUE_AT_HEAD	0x2	/* the queue goes on where another was: its next job has index head (since 1.2) */

enum loom_msg_type {
	/* driver to firmware; each gets one LOOM_MSG_REPLY with its cookie */
	LOOM_MSG_HELLO = 1,		/* must be the first */
	LOOM_MSG_PING = 2,
	LOOM_MSG_QUEUE_CREATE = 3,
	LOOM_MSG_QUEUE_DESTROY = 4,	/* a stopped or idle queue; its rings are not touched again */
	LOOM_MSG_QUEUE_STOP = 5,	/* stops its job, starts no other; replied when it is off the cores, after
					 * LOOM_CORE_STOP_MS by a reset of the core.
					 * The stopped job gets no completion record. */
	LOOM_MSG_QUEUE_RESUME = 6,	/* goes on after the last job started */
	LOOM_MSG_SET_CLOCK = 7,
	LOOM_MSG_SUSPEND = 8,		/* replied when every core is idle; nothing starts after it */
	/* firmware to driver */
	LOOM_MSG_REPLY = 0x80,
	LOOM_MSG_QUEUE_FAULT = 0x81,	/* the queue stopped itself after this job's completion record */
};

enum loom_fw_status {
	LOOM_FW_OK = 0,
	LOOM_FW_ERR_VERSION = 1,	/* HELLO: major versions differ */
	LOOM_FW_ERR_STATE = 2,		/* no HELLO yet, or the queue is not in the state for it */
	LOOM_FW_ERR_PARAM = 3,
	LOOM_FW_ERR_UNKNOWN = 4,	/* message type */
	LOOM_FW_ERR_STUCK = 5,		/* QUEUE_STOP: not even a reset takes the job off its core (since 1.1) */
};

enum loom_fw_prio {
	LOOM_PRIO_LOW = 0,
	LOOM_PRIO_NORMAL = 1,
	LOOM_PRIO_HIGH = 2,
	LOOM_PRIO_REALTIME = 3,
	LOOM_NUM_PRIOS = 4,
};

/**
 * struct loom_msg_ring - single-producer, single-consumer
 * @head: messages ever consumed, mod 2^32; written by the consumer
 * @tail: messages ever produced, mod 2^32; written by the producer, after the message
 * @rsvd0: zero
 * @rsvd1: zero
 * @msg: message i lies in slot i mod LOOM_MSG_SLOTS
 *
 * A full ring makes the producer wait; firmware never drops a message.
 */
struct loom_msg_ring {
	__le32 head;
	__le32 rsvd0[15];
	__le32 tail;
	__le32 rsvd1[15];
	struct loom_msg msg[LOOM_MSG_SLOTS];
};

/**
 * struct loom_log_ring - text lines for people, newest overwrite oldest
 * @tail: bytes ever written, mod 2^32; written by firmware, after the bytes
 * @rsvd: zero
 * @text: byte i lies at i mod LOOM_LOG_BYTES; lines end in '\n'
 */
struct loom_log_ring {
	__le32 tail;
	__le32 rsvd[15];
	char   text[LOOM_LOG_BYTES];
};

/**
 * struct loom_shm - the whole of the shared memory
 * @magic: LOOM_SHM_MAGIC, by the driver before boot
 * @bytes: LOOM_SHM_BYTES, by the driver before boot
 * @heartbeat: by firmware, +1 at least every LOOM_HEARTBEAT_MS while anything is queued or running;
 *	a PING is answered at any time
 * @jobs_started: by firmware, all queues, mod 2^32
 * @jobs_ended: by firmware, mod 2^32
 * @yields: by firmware: jobs that gave way at a MARK, mod 2^32
 * @on_core: by firmware: bit q % 32 of word q / 32 is set while a job of queue q is on a core. A queue
 *	that waits its turn, or has yielded, is not on one: the driver's job timeout stands still
 * @core_resets: by firmware: cores that it has reset since they did not stop, mod 2^32
 * @waiting: by firmware, bits as in @on_core: queues that have a job to start, or to go on with. A job in a
 *	queue that has neither bit is one that the firmware does not know of
 * @rsvd: zero
 * @h2f: driver to firmware
 * @f2h: firmware to driver
 * @log: firmware to whoever looks
 */
struct loom_shm {
	__le32 magic;
	__le32 bytes;
	__le32 heartbeat;
	__le32 jobs_started;
	__le32 jobs_ended;
	__le32 yields;
	__le32 on_core[2];
	__le32 core_resets;
	__le32 waiting[2];
	__le32 rsvd[21];
	struct loom_msg_ring h2f;
	struct loom_msg_ring f2h;
	struct loom_log_ring log;
};
_Static_assert(sizeof(struct loom_shm) <= LOOM_SHM_BYTES, "loom_shm");

#define LOOM_HEARTBEAT_MS	100

/* How long a core may take to obey STOP, and then RESET, before QUEUE_STOP takes the next step. */
#define LOOM_CORE_STOP_MS	100

#endif
