// SPDX-License-Identifier: MIT
/* Gemm and MatMul. */
#include <cblas.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

/* One product; @beta * y is kept. Empty matrices are no business of BLAS. */
static void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, const float *b,
		    float beta, float *y)
{
	if (!m || !n)
		return;
	if (!k) {
		for (int64_t i = 0; i < m * n; i++)
			y[i] = beta ? beta * y[i] : 0;
		return;
	}
	cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n,
		    (int)k, alpha, a, (int)(ta ? m : k), b, (int)(tb ? k : n), beta, y, (int)n);
}

/*
 * Of products of up to 1e6 terms OpenBLAS reads the operands where they lie, on processors for which it has kernels that do; it
 * copies those of larger ones first, and shares them among its threads. These are as large as gives whole registers and stays
 * below.
 */
#define PIECE_M		64
#define PIECE_N		112
#define PIECE_K		128

/* Whether products in pieces are faster than whole ones. */
static bool in_place(void)
{
	static const char *const cores[] = { "SkylakeX", "Cooperlake", "SapphireRapids" };
	const char *core = openblas_get_corename();

	if (openblas_get_num_threads() > 1)
		return false;
	for (size_t i = 0; i < sizeof(cores) / sizeof(*cores); i++)
		if (!strcmp(core, cores[i]))
			return true;
	return false;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void add(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc)
{
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, 1, c, (int)ldc);
}

void accel_add_product(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
		       int64_t ldc)
{
	if (!in_place()) {
		add(m, n, k, a, lda, b, ldb, c, ldc);
		return;
	}
	for (int64_t j = 0; j < n; j += PIECE_N)
		for (int64_t p = 0; p < k; p += PIECE_K)
			for (int64_t i = 0; i < m; i += PIECE_M)
				add(least(PIECE_M, m - i), least(PIECE_N, n - j), least(PIECE_K, k - p), a + i * lda + p, lda,
				    b + p * ldb + j, ldb, c + i * ldc + j, ldc);
}

int accel_kernel_gemm(const struct accel_kernel *k)
{
	const struct accel_attrs *a = &k->n->attrs;
	const struct accel_value *c = k->in[2];
	int64_t m = k->out->dims[0], n = k->out->dims[1];
	int64_t rows = c && c->rank == 2 ? c->dims[0] : 1, cols = c && c->rank ? c->dims[c->rank - 1] : 1;
	const float *bias = k->x[2];
	float *y = k->y;

	for (int64_t i = 0; c && i < m; i++)
		for (int64_t j = 0; j < n; j++)
			y[i * n + j] = a->beta * bias[(rows == 1 ? 0 : i) * cols + (cols == 1 ? 0 : j)];
	product(a->trans_a, a->trans_b, m, n, k->in[0]->dims[!a->trans_a], a->alpha, k->x[0], k->x[1], c ? 1 : 0, y);
	return 0;
}

int64_t accel_matrix_of(const struct accel_value *v, const struct accel_value *out, int64_t i)
{
	int64_t index = 0, step = 1;

	for (int d = out->rank - 3, own = v->rank - 3; d >= 0; d--, own--) {
		int64_t at = i % out->dims[d];

		i /= out->dims[d];
		if (own < 0)
			continue;
		if (v->dims[own] != 1)
			index += at * step;
		step *= v->dims[own];
	}
	return index;
}

int accel_kernel_matmul(const struct accel_kernel *k)
{
	const struct accel_value *a = k->in[0], *b = k->in[1], *out = k->out;
	int64_t m = out->dims[out->rank - 2], n = out->dims[out->rank - 1], kk = a->dims[a->rank - 1];
	int64_t count = accel_dims_product(out, 0, out->rank - 2);

	for (int64_t i = 0; i < count; i++)
		product(false, false, m, n, kk, 1, (const float *)k->x[0] + accel_matrix_of(a, out, i) * m * kk,
			(const float *)k->x[1] + accel_matrix_of(b, out, i) * kk * n, 0, (float *)k->y + i * m * n);
	return 0;
}
