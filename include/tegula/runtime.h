/* The public C API of the runtime: loads a compiled model and runs it. Plain C, so that any language can call
 * it and a bad file can never end the host process. */
#ifndef TEGULA_RUNTIME_H
#define TEGULA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status
 * -------------------------------------------------------------------------------------------------- */

/* What went wrong. The numbers never change their meaning. */
typedef enum tgl_code {
  TGL_OK = 0,
  TGL_ERR_ARGUMENT = 1,    /* the caller passed something that does not fit: index, name, size, alignment */
  TGL_ERR_IO = 2,          /* the file cannot be opened or mapped */
  TGL_ERR_CORRUPT = 3,     /* not an artifact, or a damaged one: a length, checksum or reference is wrong */
  TGL_ERR_VERSION = 4,     /* an artifact of another format or code ABI version */
  TGL_ERR_UNSUPPORTED = 5, /* a sound artifact that this machine cannot run */
  TGL_ERR_MEMORY = 6,      /* out of memory */
  TGL_ERR_RUN = 7          /* the compiled code reported a failure */
} tgl_code;

/* The caller's status object. Every function that can fail takes one as its last argument (NULL: not wanted),
 * fills it and returns its code. */
typedef struct tgl_status {
  tgl_code code;
  char text[508]; /* one line, lower case, empty on success */
} tgl_status;

/* ---- Models: immutable after loading, usable from any number of threads at once
 * -------------------------------- */

typedef struct tgl_model tgl_model;

typedef enum tgl_dtype {
  TGL_BOOL = 1, /* one byte, 0 or 1 */
  TGL_INT8 = 2,
  TGL_INT16 = 3,
  TGL_INT32 = 4,
  TGL_INT64 = 5,
  TGL_UINT8 = 6,
  TGL_UINT16 = 7,
  TGL_UINT32 = 8,
  TGL_UINT64 = 9,
  TGL_FLOAT16 = 10,
  TGL_BFLOAT16 = 11,
  TGL_FLOAT32 = 12,
  TGL_FLOAT64 = 13
} tgl_dtype;

/* numpy's name of the type ("float32"; "bfloat16" besides), or NULL for a number that is no type. */
const char *tgl_dtype_name(tgl_dtype dtype);
/* Bytes of one element, 0 for a number that is no type. */
size_t tgl_dtype_size(tgl_dtype dtype);

/* An input or output. The pointers belong to the model and live as long as it. */
typedef struct tgl_tensor_info {
  const char *name;
  tgl_dtype dtype;
  int32_t rank;
  const int64_t *dims;          /* `rank` sizes, -1 where the shapes of a run decide */
  const char *const *dim_names; /* `rank` names of symbolic dimensions, or what they are computed from; ""
                                   where the model gave a number */
  size_t bytes;                 /* of the whole tensor, row-major and dense; 0 where a size is not known */
} tgl_tensor_info;

typedef struct tgl_model_info {
  const char *producer;   /* program and version that wrote the artifact */
  const char *model_hash; /* of the source model */
  const char *flags;      /* with which it was compiled */
  const char *symbols;    /* names of the sizes that a run chooses, separated by spaces */
  size_t weight_bytes;    /* that all targets share */
  int32_t target_count;   /* machines that it was compiled for, at least 1 */
  int32_t symbol_count;   /* of the names in symbols */
  int32_t section_count;  /* parts of the file */
} tgl_model_info;

/* What the model was compiled for. */
typedef struct tgl_target_info {
  const char *name;     /* "x86-64-v3", "sm_80" */
  const char *language; /* of the kernels: "x86" or "ptx" */
  int32_t architecture; /* of ptx: 80 for compute capability 8.0 and up; else 0 */
  const char *features; /* CPU features that it needs, separated by spaces */
  int32_t keeps_denormals;
  int32_t kernel_count;
  int32_t dispatch_count; /* launches of a run, of all variants together */
  size_t arena_bytes;     /* scratch memory of each context; with symbols the part that they do not change */
  const char *arena_formula; /* what they add to arena_bytes, in words: "0.9 KiB*seq*batch" */
  size_t weight_bytes;       /* from the first to the last that it reads */
  size_t packed_bytes;       /* of weights that the loader packs for it, once a model */
  size_t code_bytes;         /* machine code of the CPU */
  size_t kernel_bytes;       /* text of a device's kernels */
  size_t most_arena_bytes;   /* of arena_bytes and arena_formula together, 0 where nothing bounds them */
  int32_t variant_count;     /* at least 1 */
  int32_t buffer_count;      /* that tgl_model_buffer tells of */
  int32_t peak_dispatch;     /* at which most of the arena is in use */
} tgl_target_info;

/* Code of a target for some sizes. Variant 0 is for all, the others for what their `sizes` say; a run takes
 * the first of these that is for its sizes, and else variant 0. All share the weights. */
typedef struct tgl_variant_info {
  const char *sizes; /* "batch=1 seq=128", "" for variant 0 */
  int32_t kernel_count;
  int32_t first_dispatch, dispatch_count; /* among the target's */
  size_t arena_bytes;                     /* as those of the target */
  const char *arena_formula;
  size_t most_arena_bytes;
  size_t code_bytes; /* of its kernels, which variants may share: machine code, or the text of PTX */
} tgl_variant_info;

/* A size that a run chooses, and the values that it may have. */
typedef struct tgl_symbol_info {
  const char *name;
  int64_t lowest, highest; /* 1 and INT64_MAX where nothing bounds it */
} tgl_symbol_info;

/* One of the largest buffers in the arena where most of it is in use, in variant 0; the largest comes first.
 */
typedef struct tgl_buffer_info {
  const char *nodes;         /* the ONNX nodes that write it, separated by spaces */
  int64_t bytes;             /* -1 where the sizes of a run decide */
  const char *bytes_formula; /* what they are computed from then, else "" */
  int32_t first, last;       /* dispatches between which it is in use */
  int32_t is_scratch;        /* a kernel's own */
} tgl_buffer_info;

/* A part of the file, in its order. */
typedef struct tgl_section_info {
  const char *name; /* "manifest", "code", "kernels", "weight checksums" or "weights" */
  int32_t target;   /* of code and kernels, else -1 */
  size_t bytes;
} tgl_section_info;

/* One launch of a run, in order. */
typedef struct tgl_dispatch_info {
  const char *kernel;        /* the kernel's name */
  const char *nodes;         /* the ONNX nodes this launch computes, separated by spaces */
  const char *schedule;      /* the kernel's schedule as text, "" if it has none */
  int64_t cells;             /* parallel grid cells, -1 where the shapes of a run decide */
  const char *cells_formula; /* what an unknown number of cells is computed from, else "" */
} tgl_dispatch_info;

/* Loads an artifact. Structure, manifest and code are verified here, every weight before the first context is
 * made: nothing unverified is ever used. One for another machine can be described, but has no contexts. */
tgl_code tgl_model_load_file(const char *path, tgl_model **model, tgl_status *status);
/* The same from memory, which must stay unchanged until the model and its contexts are freed. Page-aligned
 * memory is used in place, else the weights are copied. */
tgl_code tgl_model_load_memory(const void *data, size_t size, tgl_model **model, tgl_status *status);
/* Frees the model (NULL is fine). Contexts that still use it stay valid: what they share goes with the last
 * of them. */
void tgl_model_free(tgl_model *model);

void tgl_model_describe(const tgl_model *model, tgl_model_info *info);
int32_t tgl_model_input_count(const tgl_model *model);
int32_t tgl_model_output_count(const tgl_model *model);
tgl_code tgl_model_input(const tgl_model *model, int32_t index, tgl_tensor_info *info, tgl_status *status);
tgl_code tgl_model_output(const tgl_model *model, int32_t index, tgl_tensor_info *info, tgl_status *status);
tgl_code tgl_model_target(const tgl_model *model, int32_t target, tgl_target_info *info, tgl_status *status);
tgl_code tgl_model_dispatch(const tgl_model *model, int32_t target, int32_t index, tgl_dispatch_info *info,
                            tgl_status *status);
tgl_code tgl_model_variant(const tgl_model *model, int32_t target, int32_t index, tgl_variant_info *info,
                           tgl_status *status);
tgl_code tgl_model_buffer(const tgl_model *model, int32_t target, int32_t index, tgl_buffer_info *info,
                          tgl_status *status);
tgl_code tgl_model_section(const tgl_model *model, int32_t index, tgl_section_info *info, tgl_status *status);
tgl_code tgl_model_symbol(const tgl_model *model, int32_t index, tgl_symbol_info *info, tgl_status *status);
/* The index of an input or output by its name, or -1. */
int32_t tgl_model_find_input(const tgl_model *model, const char *name);
int32_t tgl_model_find_output(const tgl_model *model, const char *name);

/* ---- Devices
 * ------------------------------------------------------------------------------------------------- */

/* A device is named by text: "cpu" (threads of this process), "cuda:0" (a card, through the driver's library,
 * which is looked for when a card is first asked for), or "emulator" (executes a card's code on the CPU and
 * checks every access: for tests, not for speed). */
typedef struct tgl_device_info {
  char name[128];
  int32_t architecture; /* of a card: 90 for compute capability 9.0; else 0 */
  size_t memory_bytes;  /* of its own, 0 where it has none */
} tgl_device_info;

/* Fails where there is no such device, and says why. */
tgl_code tgl_device_describe(const char *device, tgl_device_info *info, tgl_status *status);
/* Whether a device can run what was compiled for a target; the status says why it cannot. */
tgl_code tgl_model_check_target(const tgl_model *model, int32_t target, const char *device,
                                tgl_status *status);
/* The target that contexts on this device run: of those that it can run the one that asks most of it. -1, and
 * why, if there is none. */
int32_t tgl_model_find_target(const tgl_model *model, const char *device, tgl_status *status);

/* ---- Contexts: one run at a time each; two contexts of one model may run at once
 * ------------------------------- */

typedef struct tgl_context tgl_context;

/* CPUs that the affinity mask and the cgroup quota leave to this process, at least 1. */
int32_t tgl_usable_cpus(void);

/* Makes a context on the CPU: its arena and its threads. `threads` counts the caller's thread; 0 takes
 * tgl_usable_cpus(). */
tgl_code tgl_context_create(tgl_model *model, int32_t threads, tgl_context **context, tgl_status *status);
/* The same on a device. One with memory of its own holds the weights (once for all contexts of the model
 * there), an arena and a copy of each input and output: bound memory stays the caller's, is read when a run
 * begins and written when it ends. `threads` is of use to "cpu" only. */
tgl_code tgl_context_create_on(tgl_model *model, const char *device, int32_t threads, tgl_context **context,
                               tgl_status *status);
void tgl_context_free(tgl_context *context);
/* The number of threads a run uses, the caller's included. */
int32_t tgl_context_threads(const tgl_context *context);
/* The device it runs on ("cuda:0"), and which of the model's targets runs there. */
const char *tgl_context_device(const tgl_context *context);
int32_t tgl_context_target(const tgl_context *context);
/* Which variant of the target the next run takes, with the shapes of now; -1 where they are not known yet. */
int32_t tgl_context_variant(const tgl_context *context);

/* Chooses the sizes of an input that has unknown ones, for all runs until set anew; a shape without unknown
 * sizes may be set too, to itself. Once every input has a shape and all agree, what follows from them is
 * computed and memory is made ready, so that runs allocate nothing; a shape that some node cannot take is
 * refused here, with the node's name and the sizes that do not fit, and so is a size outside the bounds that
 * the model was compiled for. Until then (one of two inputs of the same
 * batch is set, say) nothing is refused that setting another input can still mend. An input or output whose
 * bytes change has to be bound anew. */
tgl_code tgl_set_input_shape(tgl_context *context, int32_t index, const int64_t *dims, int32_t rank,
                             tgl_status *status);
/* An input or output with its sizes of now. That of an output needs the shapes of all inputs. `dims` belongs
 * to the context and changes with the shapes. */
tgl_code tgl_context_input_shape(tgl_context *context, int32_t index, tgl_tensor_info *info,
                                 tgl_status *status);
tgl_code tgl_context_output_shape(tgl_context *context, int32_t index, tgl_tensor_info *info,
                                  tgl_status *status);
/* Bytes of scratch memory that the context holds. It grows with the shapes and never shrinks. */
size_t tgl_context_arena_bytes(const tgl_context *context);

/* Binds the caller's memory: row-major, dense, exactly the tensor's bytes, aligned to the element size. The
 * shape must be known by then. It is used by every later run until bound anew. An output may overlap no other
 * output and no input; that is checked by tgl_run. */
tgl_code tgl_bind_input(tgl_context *context, int32_t index, const void *data, size_t bytes,
                        tgl_status *status);
tgl_code tgl_bind_output(tgl_context *context, int32_t index, void *data, size_t bytes, tgl_status *status);
tgl_code tgl_bind_input_named(tgl_context *context, const char *name, const void *data, size_t bytes,
                              tgl_status *status);
tgl_code tgl_bind_output_named(tgl_context *context, const char *name, void *data, size_t bytes,
                               tgl_status *status);
/* Binds memory that the context owns (zeroed at first, 64-byte aligned) and hands out its address; the same
 * address on every call, until larger shapes need more. */
tgl_code tgl_own_input(tgl_context *context, int32_t index, void **data, tgl_status *status);
tgl_code tgl_own_output(tgl_context *context, int32_t index, void **data, tgl_status *status);

/* Runs the model once, on the calling thread and the context's workers. Allocates nothing. Every input and
 * output must be bound. */
tgl_code tgl_run(tgl_context *context, tgl_status *status);

/* From now on every run writes the duration of each dispatch into nanoseconds[0 .. dispatch_count) of the
 * context's target, of those in a loop the sum of all steps. NULL and 0 turn it off. */
tgl_code tgl_context_profile(tgl_context *context, int64_t *nanoseconds, size_t count, tgl_status *status);
/* What one thread computed of one dispatch, by a clock that never goes back. On a device the work of a
 * dispatch stands under thread 0, with begins that follow from how long those before it took. */
typedef struct tgl_event {
  int32_t dispatch;
  int32_t thread; /* 0 is the thread that runs the model, the others are the context's workers */
  int64_t cells;  /* that it computed, -1 where a device repeats launches that it knows */
  int64_t begin_nanoseconds, end_nanoseconds;
} tgl_event;

/* From now on runs note what every thread does, up to `capacity` events, which are held from here on; 0 turns
 * it off. A run makes at most as many as it launches dispatches, those in a loop once a step, times the
 * threads; what finds no room is left out, and counted. */
tgl_code tgl_context_trace(tgl_context *context, size_t capacity, tgl_status *status);
/* The events so far, in no order; they belong to the context, and are valid until the next run or change. */
size_t tgl_context_events(const tgl_context *context, const tgl_event **events);
/* The capacity that would have held all events so far. */
size_t tgl_context_events_wanted(const tgl_context *context);

/* What one instruction of a kernel's text did in all launches of a dispatch, counted by warps: a profiler's
 * terms, for a device that executes text. */
typedef struct tgl_instruction_counts {
  int32_t line;     /* in the text of the target's kernels, from 1 */
  const char *text; /* "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r1];" */
  const char *work; /* "fma", "mma", "float", "special", "integer", "convert", "compare", "move", "control",
                       "shuffle", "barrier", "wait", "load", "store", "copy" (asynchronous, from global to
                       shared memory), "load matrix", "store matrix", "atomic" or "other" */
  uint64_t warps, threads;    /* that executed it */
  uint64_t flops;             /* floating-point operations, a multiply-add being two */
  uint64_t shared_requests;   /* to shared memory, one for each warp */
  uint64_t shared_wavefronts; /* that they took; what is beyond the least are bank conflicts */
  uint64_t shared_least_wavefronts;
  uint64_t shared_bytes; /* that threads asked for */
  uint64_t global_requests;
  uint64_t global_sectors;       /* of 32 bytes, that they touch */
  uint64_t global_least_sectors; /* that would hold the different bytes asked for */
  uint64_t global_lines;         /* of 128 bytes */
  uint64_t global_bytes;
} tgl_instruction_counts;

typedef struct tgl_launch_counts {
  int32_t dispatch;
  uint64_t launches, blocks;                  /* of all launches */
  int32_t threads;                            /* of a block */
  size_t shared_bytes;                        /* of a block */
  const tgl_instruction_counts *instructions; /* those that were executed, in the order of the text */
  size_t instruction_count;
} tgl_launch_counts;

/* From now on runs count what launches do; 0 ends that. Counting begins anew with every call. Only "emulator"
 * can. */
tgl_code tgl_context_count(tgl_context *context, int32_t enable, tgl_status *status);
/* The counts of all dispatches that were launched, by number; they belong to the context, and are valid until
 * the next call or run. */
tgl_code tgl_context_counts(tgl_context *context, const tgl_launch_counts **counts, size_t *count,
                            tgl_status *status);

/* How long the kernels of the last run took by the device's own clock, without moving inputs and outputs; 0
 * where it has none. */
int64_t tgl_context_device_nanoseconds(const tgl_context *context);

#ifdef __cplusplus
}
#endif

#endif
