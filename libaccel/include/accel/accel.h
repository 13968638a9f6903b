/* SPDX-License-Identifier: MIT */
/*
 * libaccel: compiles neural networks into Loom command streams and runs them.
 *
 *	accel_graph_load_onnx() -> accel_compile() -> accel_session_new() -> accel_run()
 *
 * Every function that can fail returns 0 or a negative errno; accel_errmsg() then has a sentence that names the
 * operation, the graph node, the cause and the remedy. Handles are opaque and reference-counted where it says so;
 * different handles may be used by different threads at once, one handle by one thread at a time, but for
 * accel_session_submit(), which many threads may call for one session.
 * Option structures begin with their size: set it to sizeof, zero the rest, and new fields keep their defaults.
 */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ACCEL_API __attribute__((visibility("default")))

#define ACCEL_MAX_RANK 8

/** enum accel_dtype - element types of tensors; the numbers are part of the program file format */
enum accel_dtype {
	ACCEL_NONE = 0,
	ACCEL_F32 = 1,
	ACCEL_F16 = 2,
	ACCEL_BF16 = 3,
	ACCEL_S8 = 4,
	ACCEL_U8 = 5,
	ACCEL_S32 = 6,
	ACCEL_S64 = 7,
	ACCEL_BOOL = 8,
	ACCEL_F64 = 9,
	ACCEL_S16 = 10,
	ACCEL_U16 = 11,
	ACCEL_U32 = 12,
	ACCEL_U64 = 13,
	ACCEL_NUM_DTYPES = 14,
};

/** accel_dtype_bytes - bytes of one element, 0 for an unknown type */
ACCEL_API size_t accel_dtype_bytes(enum accel_dtype dtype);
/** accel_dtype_name - "f32", "s8", ...; "?" for an unknown type */
ACCEL_API const char *accel_dtype_name(enum accel_dtype dtype);

/**
 * accel_errmsg - what went wrong in the last call of this thread that failed
 * Return: text that stays valid until this thread's next failing call; "" before the first.
 */
ACCEL_API const char *accel_errmsg(void);

/** accel_version - "major.minor.patch" of the library */
ACCEL_API const char *accel_version(void);

/* ---- Devices ---- */

struct accel_device;

enum accel_device_kind {
	ACCEL_DEVICE_DRM = 1,	/* loom.ko, /dev/accel/accelN */
	ACCEL_DEVICE_SIM = 2,	/* the device model, in this process */
	ACCEL_DEVICE_CPU = 3,	/* OpenBLAS and plain C */
};

/**
 * struct accel_device_info - what a device reports; CPU devices leave the geometry 0
 * @kind: of device
 * @array_dim: R, rows = columns of the systolic array
 * @num_cores: compute cores
 * @spm_bytes: scratchpad a core
 * @acc_bytes: accumulators a core
 * @dram_bpc: DRAM bytes a cycle
 * @clock_khz: core clock
 * @name: node path, "sim" or "cpu"
 * @firmware: version text of the running firmware, "" where there is none
 * @features: LOOM_FEAT_* of uapi/loom/regs.h
 * @isa_version: of its instruction set: major in the upper 16 bits, minor below
 */
struct accel_device_info {
	enum accel_device_kind kind;
	uint32_t array_dim;
	uint32_t num_cores;
	uint32_t spm_bytes;
	uint32_t acc_bytes;
	uint32_t dram_bpc;
	uint32_t clock_khz;
	char name[64];
	char firmware[32];
	uint32_t isa_version;
	uint64_t features;
};

/**
 * accel_open - open a device
 * @spec: NULL: the first /dev/accel node that is a Loom, else "sim"; a node path; a PCI address
 *	("0000:00:04.0"); "drm": the first Loom node or an error; "cpu"; or
 *	"sim[:array=R,cores=N,spm=BYTES,acc=BYTES,bpc=B,clock=KHZ,timing=0|1,order=SEED]"; order: execute in
 *	some other order that the semaphores allow, to find streams that ask for too little; "all": every Loom node of the
 *	first one's geometry; or several of these with "+" between them, all of one geometry: sessions go to the device
 *	that has the fewest, the requests of a session to all
 * @out: released by accel_close()
 *
 * Return: 0; -EINVAL bad spec; -ENOENT no such node (module loaded?); -EACCES node forbidden (group, udev rule);
 * -EPROTO driver of another interface version; -ENOMEM.
 */
ACCEL_API int accel_open(const char *spec, struct accel_device **out);
/** accel_close - give a device back; its sessions must be gone. NULL is allowed */
ACCEL_API void accel_close(struct accel_device *dev);
/** accel_device_get_info - what @dev reports, copied to @info */
ACCEL_API void accel_device_get_info(const struct accel_device *dev, struct accel_device_info *info);

/* ---- Graphs ---- */

struct accel_graph;

/**
 * struct accel_tensor_info - a named input or output
 * @name: owned by the object it was asked of
 * @dtype: element type
 * @rank: dimensions
 * @dims: extents, row-major order, slowest first; -1 where not known before compilation
 */
struct accel_tensor_info {
	const char *name;
	enum accel_dtype dtype;
	int rank;
	int64_t dims[ACCEL_MAX_RANK];
};

/** accel_graph_new - an empty graph with one reference; 0 or -ENOMEM */
ACCEL_API int accel_graph_new(struct accel_graph **out);
/** accel_graph_ref - one more reference; returns @graph */
ACCEL_API struct accel_graph *accel_graph_ref(struct accel_graph *graph);
/** accel_graph_unref - one reference less; the last frees. NULL is allowed */
ACCEL_API void accel_graph_unref(struct accel_graph *graph);

/**
 * accel_graph_load_onnx - import an ONNX file, with weights in other files of its folder where the model has them there
 * Return: 0; -ENOENT and other errors of open(); -EBADMSG not ONNX, truncated or corrupt; -EOPNOTSUPP an operator,
 * attribute or type that is not supported (named, with its node); -EINVAL shapes that do not fit.
 */
ACCEL_API int accel_graph_load_onnx(const char *path, struct accel_graph **out);
/** accel_graph_parse_onnx - the same from memory; -EOPNOTSUPP where the model's data are in other files */
ACCEL_API int accel_graph_parse_onnx(const void *data, size_t bytes, struct accel_graph **out);

/* Builder. Values are numbers >= 0; each function returns one, or -errno. */
/** accel_graph_input - an input called @name (copied); one dim of -1 at most, the first: the batch */
ACCEL_API int accel_graph_input(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
				const int64_t *dims);
/** accel_graph_constant - @data is copied, row-major */
ACCEL_API int accel_graph_constant(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
				   const int64_t *dims, const void *data);

/**
 * struct accel_attr - an attribute by its ONNX name; exactly one of the value fields is used
 * @name: NULL ends a list
 * @ints: with @count > 0: list of integers
 * @count: of @ints
 * @i: integer
 * @f: float, used where @is_float
 * @is_float: @f holds the value
 * @s: string ("SAME_UPPER"), where not NULL
 */
struct accel_attr {
	const char *name;
	const int64_t *ints;
	int count;
	int64_t i;
	float f;
	int is_float;
	const char *s;
};

/**
 * accel_graph_op - append an operator
 * @op: ONNX operator name, e.g. "Conv"
 * @name: for messages; NULL for a made-up one
 * @inputs: values; -1 for an absent optional input
 * @attrs: list ended by a NULL name, or NULL
 * Return: its first output's value (the only one that is made), or -EINVAL, -EOPNOTSUPP, -ENOMEM.
 */
ACCEL_API int accel_graph_op(struct accel_graph *g, const char *op, const char *name, const int *inputs,
			     int num_inputs, const struct accel_attr *attrs);
/** accel_graph_output - make @value an output called @name */
ACCEL_API int accel_graph_output(struct accel_graph *g, int value, const char *name);

/** accel_graph_num_inputs - inputs of the graph, initialisers not counted */
ACCEL_API int accel_graph_num_inputs(const struct accel_graph *g);
/** accel_graph_num_outputs - outputs of the graph */
ACCEL_API int accel_graph_num_outputs(const struct accel_graph *g);
/** accel_graph_input_info - 0, or -EINVAL for @i out of range */
ACCEL_API int accel_graph_input_info(const struct accel_graph *g, int i, struct accel_tensor_info *info);
/**
 * accel_graph_set_input_dims - give input @i dims where the model leaves them open (-1), before it is compiled
 * @dims: as many as the input has; -1: stays open (only the first may then)
 * Return: 0; -EINVAL for @i out of range, or a dim that the model fixes to another extent.
 */
ACCEL_API int accel_graph_set_input_dims(struct accel_graph *g, int i, const int64_t *dims);
/** accel_graph_output_info - 0, or -EINVAL for @i out of range */
ACCEL_API int accel_graph_output_info(const struct accel_graph *g, int i, struct accel_tensor_info *info);

/* ---- Compiler ---- */

struct accel_program;

enum accel_precision {
	ACCEL_PREC_FP32 = 0,
	ACCEL_PREC_FP16 = 1,
	ACCEL_PREC_BF16 = 2,
	ACCEL_PREC_INT8 = 3,	/* needs calibration data, unless the graph is quantised itself */
};

/** enum accel_calib_method - which range of an activation the integers of INT8 cover */
enum accel_calib_method {
	ACCEL_CALIB_RANGE = 0,		/* all that the samples gave, or calib_percentile of it */
	ACCEL_CALIB_ENTROPY = 1,	/* that by which the distribution changes least (Kullback-Leibler) */
	ACCEL_CALIB_MSE = 2,		/* that with the least squared error */
};

/** enum accel_prune - which weights become zero */
enum accel_prune {
	ACCEL_PRUNE_NONE = 0,
	ACCEL_PRUNE_2_4 = 1,	/* of each four along the terms of a sum the two of smallest magnitude */
};

/**
 * struct accel_node_precision - another precision for one node
 * @node: its name in the model; one that computes: Conv, Gemm, MatMul, Add, Sub, Mul, Div, Relu, Clip, BatchNormalization
 * @precision: any; INT8 needs calibration data
 */
struct accel_node_precision {
	const char *node;
	enum accel_precision precision;
};

/**
 * struct accel_compile_options
 * @size: sizeof(struct accel_compile_options)
 * @precision: accel_precision
 * @batch: value of the symbolic (or -1) first dimension of the inputs; 0 means 1. More than 1 also for a model whose inputs
 *	have a first dimension of 1, where no operator mixes images (-EOPNOTSUPP names the one that may)
 * @calib_data: INT8: samples of input 0 as f32, row-major, @calib_count of them one after the other
 * @calib_count: samples
 * @npu_only: refuse a graph with a node that would run on the CPU
 * @calib_percentile: INT8: how much of an activation's distribution its range covers, e.g. 99.99; 0 for all of it
 * @calib_method: INT8: accel_calib_method
 * @node_precisions: of nodes that differ from @precision; @num_node_precisions of them
 * @num_node_precisions: entries
 * @prune: accel_prune; of the weights of Conv, Gemm and MatMul that the model has not quantised itself
 */
struct accel_compile_options {
	size_t size;
	enum accel_precision precision;
	int64_t batch;
	const float *calib_data;
	int64_t calib_count;
	int npu_only;
	float calib_percentile;
	enum accel_calib_method calib_method;
	const struct accel_node_precision *node_precisions;
	int64_t num_node_precisions;
	enum accel_prune prune;
};

/**
 * accel_compile - compile @graph for the geometry of @dev (CPU devices: for interpretation)
 * @opts: NULL for fp32, batch 1
 * @out: released by accel_program_unref(); does not refer to @graph or @dev
 */
ACCEL_API int accel_compile(struct accel_graph *graph, struct accel_device *dev,
			    const struct accel_compile_options *opts, struct accel_program **out);
/**
 * accel_compile_cached - as accel_compile(), but what was compiled before is read from a file
 *
 * Files are named by a hash of graph, options, samples, geometry and this build of the library, and lie in programs/ under $LOOM_CACHE,
 * $XDG_CACHE_HOME/loom or ~/.cache/loom. $LOOM_PROGRAM_CACHE is how many MiB they may have (1024; those used longest ago go), or
 * "off". A file that is damaged is made anew; where none can be written the program is compiled all the same.
 */
ACCEL_API int accel_compile_cached(struct accel_graph *graph, struct accel_device *dev,
				   const struct accel_compile_options *opts, struct accel_program **out);
/** accel_program_ref - one more reference; returns @prog */
ACCEL_API struct accel_program *accel_program_ref(struct accel_program *prog);
/** accel_program_unref - one reference less; the last frees. NULL is allowed */
ACCEL_API void accel_program_unref(struct accel_program *prog);

/** accel_program_save - write an ELF file; written to a temporary name first, so never half a file */
ACCEL_API int accel_program_save(const struct accel_program *prog, const char *path);
/**
 * accel_program_load - read and check a program file
 * Return: 0; errors of open(); -EBADMSG truncated, corrupt or not a program; -EPROTO of another format version.
 */
ACCEL_API int accel_program_load(const char *path, struct accel_program **out);

/** accel_program_num_inputs - inputs of the program */
ACCEL_API int accel_program_num_inputs(const struct accel_program *p);
/** accel_program_num_outputs - outputs of the program */
ACCEL_API int accel_program_num_outputs(const struct accel_program *p);
/** accel_program_input_info - every dim known; 0, or -EINVAL for @i out of range */
ACCEL_API int accel_program_input_info(const struct accel_program *p, int i, struct accel_tensor_info *info);
/** accel_program_output_info - every dim known; 0, or -EINVAL for @i out of range */
ACCEL_API int accel_program_output_info(const struct accel_program *p, int i, struct accel_tensor_info *info);

/* How matrix work is emitted; 0 for other nodes, and for one that is emitted with another. */
#define ACCEL_PLAN_WEIGHTS_STAY		0x01	/* weights of a block of outputs stay in the scratchpad while all pixels pass */
#define ACCEL_PLAN_INPUT_STAYS		0x02	/* the input of a tile stays while all weights pass */
#define ACCEL_PLAN_STREAMED		0x04	/* weights and input both pass, in pieces */
#define ACCEL_PLAN_IN_KEPT		0x08	/* the input is in the scratchpad, where the layer before left it */
#define ACCEL_PLAN_OUT_KEPT		0x10	/* the output stays in the scratchpad for the next layer */
#define ACCEL_PLAN_SPARSE		0x20	/* 2:4 weights in the array's sparse mode */
#define ACCEL_PLAN_VECTOR		0x40	/* a depthwise convolution on the vector unit */

/**
 * struct accel_node_info - where a node runs, and why
 * @name: of the node
 * @op: ONNX operator
 * @on_npu: 1 NPU, 0 CPU
 * @reason: why it is on the CPU; "" on the NPU
 * @plan: ACCEL_PLAN_*
 */
struct accel_node_info {
	const char *name;
	const char *op;
	int on_npu;
	const char *reason;
	unsigned int plan;
};
/** accel_program_num_nodes - nodes of the compiled graph */
ACCEL_API int accel_program_num_nodes(const struct accel_program *p);
/** accel_program_node_info - placement of node @i; 0, or -EINVAL for @i out of range */
ACCEL_API int accel_program_node_info(const struct accel_program *p, int i, struct accel_node_info *info);

/**
 * struct accel_step_info - a part of a run
 * @on_npu: 1 a command stream, 0 a node on the CPU
 * @first: node; of a stream the first one
 * @last: of a stream the last node
 * @after: the last step of the other kind that it waits for, or -1; for those of its own kind before it, it waits too
 * @beside: of a CPU node: how many streams may run beside it: they do not wait for it, nor it for them
 */
struct accel_step_info {
	int on_npu;
	int first;
	int last;
	int after;
	int beside;
};
/** accel_program_num_steps - command streams and CPU nodes of a run; 0 for a CPU device, which takes node by node */
ACCEL_API int accel_program_num_steps(const struct accel_program *p);
/** accel_program_step_info - step @i; 0, or -EINVAL for @i out of range */
ACCEL_API int accel_program_step_info(const struct accel_program *p, int i, struct accel_step_info *info);

/**
 * accel_program_cycles - what each node costs by the device's cycle model, on an idle device like @dev
 * @by_node: as many as accel_program_num_nodes(): cycles by which a node's descriptors delay the end of all; what runs
 *	under the cover of others costs nothing. A node that is emitted with another has its cycles there
 * Return: 0; -EINVAL program for another geometry; -ENOMEM.
 */
ACCEL_API int accel_program_cycles(const struct accel_program *prog, const struct accel_device *dev, double *by_node);

/**
 * struct accel_program_memory - memory of a session
 * @const_bytes: weights, shared by the requests of a session on one device
 * @arena_bytes: peak of what lies between nodes, by the plan
 * @arena_bound: lower bound of any plan: the largest sum of sizes alive at one moment
 * @io_bytes: inputs, outputs and values of CPU nodes
 * @stream_bytes: command streams
 * @kept_values: values that stay in the scratchpad from the layer that makes them to the next; others' storage is in the arena
 * @kept_bytes: of these, one after the other
 */
struct accel_program_memory {
	uint64_t const_bytes;
	uint64_t arena_bytes;
	uint64_t arena_bound;
	uint64_t io_bytes;
	uint64_t stream_bytes;
	uint64_t kept_values;
	uint64_t kept_bytes;
};
/** accel_program_memory - the memory plan, copied to @mem */
ACCEL_API void accel_program_memory(const struct accel_program *prog, struct accel_program_memory *mem);

/** accel_program_disassemble - text of every command stream of @prog; 0 or -EIO */
ACCEL_API int accel_program_disassemble(const struct accel_program *prog, FILE *out);

/* ---- Execution ---- */

struct accel_session;

/**
 * accel_session_new - make @prog ready to run on @dev: memory, weights, a queue
 * Return: 0; -EINVAL program for another geometry (which, and the device's); -ENOMEM, -ENOSPC; -EIO.
 */
ACCEL_API int accel_session_new(struct accel_device *dev, struct accel_program *prog,
				struct accel_session **out);
/** accel_session_free - wait for a run under way, give everything back. NULL is allowed */
ACCEL_API void accel_session_free(struct accel_session *s);

/** accel_input - memory of input @i, to be filled by the caller before a run; row-major, @bytes long */
ACCEL_API void *accel_input(struct accel_session *s, int i, size_t *bytes);
/** accel_output - memory of output @i, valid after a run until the next */
ACCEL_API const void *accel_output(struct accel_session *s, int i, size_t *bytes);

/**
 * accel_run - run once and wait
 * Return: 0; -EIO the job faulted (what, where, which node); -ETIMEDOUT; -ENODEV device gone; -EINTR.
 */
ACCEL_API int accel_run(struct accel_session *s);

/**
 * accel_submit - start a run and return; one run of a session at a time
 * accel_wait - end of that run
 *
 * Return: both as accel_run().
 */
ACCEL_API int accel_submit(struct accel_session *s);
ACCEL_API int accel_wait(struct accel_session *s);

/**
 * struct accel_stats - of a session's last run; 0 where the device has no such count
 * @cycles: device cycles, by its cycle model
 * @macs: multiply-accumulates done by the array
 * @bytes_in: DRAM to scratchpad
 * @bytes_out: scratchpad to DRAM
 * @utilisation: macs / (cycles * R * R)
 * @wall_ns: from submission to completion, on the host's clock
 */
struct accel_stats {
	uint64_t cycles;
	uint64_t macs;
	uint64_t bytes_in;
	uint64_t bytes_out;
	double utilisation;
	uint64_t wall_ns;
};
/** accel_session_stats - of the last run, copied to @stats */
ACCEL_API void accel_session_stats(const struct accel_session *s, struct accel_stats *stats);

/* ---- What happens in a run ---- */

enum accel_trace_kind {
	ACCEL_TRACE_STREAM = 0,		/* a command stream, from its submission until it has been waited for */
	ACCEL_TRACE_CPU_NODE = 1,
	ACCEL_TRACE_DESCRIPTOR = 2,	/* one that an engine executed */
};

#define ACCEL_TRACE_STALLS 5

/**
 * struct accel_trace_event - valid during the call, like the texts
 * @kind: of event
 * @step: of the program
 * @name: of the node; "" for a stream, and for what is for no node
 * @op: operation of the descriptor, ONNX operator of the node, or "stream"
 * @engine: ctrl, dmain, dmaout, mxu, vpu; "cpu" or "npu"
 * @core: that executed the descriptor
 * @slot: of the descriptor in its stream; number of a stream
 * @begin: DESCRIPTOR: device cycles since the run's first stream began, streams taken as following each other at once; else ns since the run
 *	began, on the host's clock
 * @end: likewise
 * @stall: DESCRIPTOR: cycles that its engine lost before and in it: for semaphores, barriers, the bus, bank conflicts, the weight plane
 */
struct accel_trace_event {
	enum accel_trace_kind kind;
	int step;
	const char *name;
	const char *op;
	const char *engine;
	uint32_t core;
	uint32_t slot;
	uint64_t begin;
	uint64_t end;
	uint64_t stall[ACCEL_TRACE_STALLS];
};

/**
 * accel_session_trace - from the next run on (accel_run(), not requests), have @each called for everything that happened
 * @each: called from accel_run() or accel_wait(), a step's events when it has ended
 * @descriptors: out, or NULL: 1 where the device says what its engines do (sim), 0 where there are streams and CPU nodes only
 *
 * Return: 0; -EINVAL a program for the CPU; -EBUSY a run is under way; -ENOMEM.
 */
ACCEL_API int accel_session_trace(struct accel_session *s, void (*each)(void *ctx, const struct accel_trace_event *event), void *ctx,
				  int *descriptors);

/* ---- Requests: several runs of a session at once ---- */

/**
 * struct accel_session_options - how a session serves requests
 * @size: sizeof(struct accel_session_options)
 * @in_flight: requests (with @merge: groups of them) under way at once on all devices together, each with memory of
 *	its own for what the program computes; weights are shared. 0: two for each core, so that CPU nodes of one overlap
 *	with the NPU's of another; at most 32 on a device
 * @queue: requests that may wait beyond these; a further one is refused with -EAGAIN. 0: no limit
 * @merge: not 0: a request is one sample, and as many as the program's batch are run as one. Every input and output must have
 *	the batch as its first dimension, and no operator may mix samples
 * @merge_delay_us: how long the first of a group waits for others; the group runs as soon as it is full
 */
struct accel_session_options {
	size_t size;
	int in_flight;
	int queue;
	int merge;
	uint32_t merge_delay_us;
};

/** accel_session_set_options - before the first request; 0, -EINVAL, -E2BIG, -EBUSY after it */
ACCEL_API int accel_session_set_options(struct accel_session *s, const struct accel_session_options *opts);

struct accel_request;

/**
 * accel_session_submit - have the program run once on memory of the caller's; from any thread
 * @inputs: of each input what it is to hold, as accel_input() has it (with merge: one sample of that)
 * @outputs: of each output where it goes; NULL: not wanted. Memory of both must stay until the request has ended
 * @out: released by accel_request_free()
 *
 * Requests start in the order in which they came, on whichever device has least to do. A request whose device went away,
 * or was reset under it, is run again elsewhere, three times in all. accel_run() of the same session may go on meanwhile:
 * it has memory of its own.
 *
 * Return: 0; -EAGAIN too many wait; -ENODEV all devices are gone; -EINVAL the program cannot be merged; -ENOMEM, -ENOSPC.
 */
ACCEL_API int accel_session_submit(struct accel_session *s, const void *const *inputs, void *const *outputs,
				   struct accel_request **out);
/**
 * accel_request_fd - a file descriptor, the request's, that poll() finds readable (POLLIN) when the request has ended
 * Return: it, or -errno of eventfd().
 */
ACCEL_API int accel_request_fd(struct accel_request *req);
/**
 * accel_request_wait - wait for the end
 * @timeout_ms: at most; negative: without a limit
 *
 * Return: as accel_run(); -EAGAIN it has not ended yet; -ECANCELED its session was freed before it started.
 */
ACCEL_API int accel_request_wait(struct accel_request *req, int timeout_ms);
/** accel_request_stats - of the run that served it, once it has ended; wall_ns is from its submission to its end */
ACCEL_API void accel_request_stats(struct accel_request *req, struct accel_stats *stats);
/** accel_request_free - wait for the end, release. NULL is allowed; may come after accel_session_free() */
ACCEL_API void accel_request_free(struct accel_request *req);

/* ---- Where precision is lost ---- */

/**
 * struct accel_error_stats - differences of a tensor from its reference
 * @max_abs: largest
 * @relative: @max_abs in parts of the reference's largest magnitude; of @max_abs itself where that is 0
 * @sqnr_db: power of the reference over that of the differences, in dB; infinite where there are none
 * @cosine: of the angle between both, as vectors
 */
struct accel_error_stats {
	double max_abs;
	double relative;
	double sqnr_db;
	double cosine;
};

/**
 * struct accel_node_error - a node's output on the device beside fp32 on the CPU
 * @name: of the node, with its fused activation, bias and the like; like all of this valid during the call
 * @op: ONNX operator
 * @output: which of its outputs
 * @on_npu: 1 NPU, 0 CPU
 * @elems: of the output
 * @total: off the fp32 network's value: what all nodes up to this have added
 * @own: off what the node gives in fp32 for the inputs that it had on the device: what it has added itself
 */
struct accel_node_error {
	const char *name;
	const char *op;
	int output;
	int on_npu;
	int64_t elems;
	struct accel_error_stats total;
	struct accel_error_stats own;
};

/**
 * accel_compare - run @graph once as compiled for @dev, once in fp32 on the CPU, and compare node by node
 * @opts: as for accel_compile(). Every value is stored, so that it can be seen: a sum that would be emitted with its
 *	convolution is not
 * @inputs: of each input its contents
 * @each: called for each output of each node, in the order of execution; @ctx is handed on
 *
 * Return: 0; errors of accel_compile(), accel_session_new() and accel_run().
 */
ACCEL_API int accel_compare(struct accel_graph *graph, struct accel_device *dev,
			    const struct accel_compile_options *opts, const void *const *inputs,
			    void (*each)(void *ctx, const struct accel_node_error *err), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
