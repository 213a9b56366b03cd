/* Finding and mapping blocks: PATH/ULID/{meta.json,index,chunks/000001...}. */
#include "host/block_files.h"

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define SEGMENTS_MOST 10000

struct block_files {
	struct arena arena;
	struct blocks blocks;
	struct block *v;
	size_t n, cap;
	GMappedFile **maps;
	size_t n_maps, cap_maps;
};

static bool map_file(struct block_files *f, const char *path, struct str *out, struct err *err)
{
	GError *e = NULL;
	GMappedFile *m = g_mapped_file_new(path, FALSE, &e);

	if (!m) {
		err_set(err, -1, "%s", e->message);
		g_error_free(e);
		return false;
	}
	f->maps = mem_reserve(f->maps, &f->cap_maps, f->n_maps + 1, sizeof(GMappedFile *));
	f->maps[f->n_maps++] = m;
	*out = (struct str){g_mapped_file_get_contents(m), g_mapped_file_get_length(m)};
	if (!out->p)
		*out = STR("");
	return true;
}

static const char *inside(struct block_files *f, const char *folder, const char *name)
{
	return arena_printf(&f->arena, "%s/%s", folder, name).p;
}

static bool map_segments(struct block_files *f, const char *folder, struct block *b,
			 struct err *err)
{
	struct str *v = ARENA_ARRAY(&f->arena, struct str, SEGMENTS_MOST);

	while (b->n_segments < SEGMENTS_MOST) {
		char name[32];
		const char *path;

		snprintf(name, sizeof(name), "chunks/%06zu", b->n_segments + 1);
		path = inside(f, folder, name);
		if (access(path, F_OK) != 0)
			break;
		if (!map_file(f, path, &v[b->n_segments], err))
			return false;
		b->n_segments++;
	}
	b->segments = v;
	return true;
}

static bool open_block(struct block_files *f, const char *folder, const char *meta, struct err *err)
{
	json_error_t why;
	json_t *root = json_load_file(meta, 0, &why);
	struct block b = {.name = arena_str(&f->arena, str_of(folder))};

	if (!root)
		return err_set(err, -1, "%s: %s", meta, why.text);
	b.from = json_integer_value(json_object_get(root, "minTime"));
	b.to = json_integer_value(json_object_get(root, "maxTime"));
	json_decref(root);
	if (!map_file(f, inside(f, folder, "index"), &b.index, err) ||
	    !map_segments(f, folder, &b, err))
		return false;
	f->v = mem_reserve(f->v, &f->cap, f->n + 1, sizeof(*f->v));
	f->v[f->n++] = b;
	return true;
}

static bool open_all(struct block_files *f, const char *path, struct err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;
	bool ok = true;

	if (!d)
		return err_set(err, -1, "cannot open %s: %s", path, strerror(errno));
	while (ok && (e = readdir(d))) {
		const char *folder = inside(f, path, e->d_name);
		const char *meta = inside(f, folder, "meta.json");

		if (e->d_name[0] != '.' && access(meta, F_OK) == 0)
			ok = open_block(f, folder, meta, err);
	}
	closedir(d);
	return ok;
}

static int by_time(const void *x, const void *y)
{
	const struct block *a = x, *b = y;

	return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
				  : str_cmp(a->name, b->name);
}

bool block_files_open(struct str path, struct block_files **out, struct err *err)
{
	struct block_files *f = MEM_NEW(struct block_files);
	const char *folder, *meta;
	bool ok;

	arena_init(&f->arena);
	folder = arena_printf(&f->arena, "%.*s", STR_ARG(path)).p;
	meta = inside(f, folder, "meta.json");
	ok = access(meta, F_OK) == 0 ? open_block(f, folder, meta, err) : open_all(f, folder, err);
	if (ok && f->n == 0)
		ok = err_set(err, -1, "%s has no blocks: is it the data folder of a Prometheus?",
			     folder);
	if (!ok) {
		block_files_close(f);
		return false;
	}
	qsort(f->v, f->n, sizeof(*f->v), by_time);
	blocks_init(&f->blocks, f->v, f->n);
	*out = f;
	return true;
}

void block_files_close(struct block_files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_maps; i++)
		g_mapped_file_unref(f->maps[i]);
	free(f->maps);
	free(f->v);
	arena_done(&f->arena);
	free(f);
}

const struct series_source *block_files_source(const struct block_files *f)
{
	return &f->blocks.source;
}
