// SPDX-License-Identifier: GPL-2.0
/*
 * The ABI as it was first published: sizes, offsets and numbers. A change that
 * makes this fail breaks programs that were built before it; records and
 * arguments may only grow at their end.
 */
#include <kselftest_harness.h>

#include <stddef.h>

#include <linux/mmscope.h>

#define CHECK_SIZE(_type, _size) EXPECT_LE((size_t)(_size), sizeof(struct _type))
#define CHECK_PLACE(_type, _member, _offset) \
	EXPECT_EQ((size_t)(_offset), offsetof(struct _type, _member))

TEST(records_did_not_shrink)
{
	CHECK_SIZE(mmscope_feature, 192);
	CHECK_SIZE(mmscope_node, 1288);
	CHECK_SIZE(mmscope_zone, 464);
	CHECK_SIZE(mmscope_pcp, 256);
	CHECK_SIZE(mmscope_buddy, 64);
	CHECK_SIZE(mmscope_free_block, 40);
	CHECK_SIZE(mmscope_pageblock, 40);
	CHECK_SIZE(mmscope_slab_cache, 792);
	CHECK_SIZE(mmscope_page, 56);
	CHECK_SIZE(mmscope_vma, 360);
	CHECK_SIZE(mmscope_pagetable, 96);
	CHECK_SIZE(mmscope_usage, 248);
	CHECK_SIZE(mmscope_pt_placement, 712);
	CHECK_SIZE(mmscope_thp, 296);
	CHECK_SIZE(mmscope_numa, 664);
	CHECK_SIZE(mmscope_process_layout, 136);
	CHECK_SIZE(mmscope_mapping, 72);
	CHECK_SIZE(mmscope_process, 152);
	CHECK_SIZE(mmscope_fault, 96);
	CHECK_SIZE(mmscope_residency, 136);
	CHECK_SIZE(mmscope_translation, 208);
	CHECK_SIZE(mmscope_rmap, 80);
	CHECK_SIZE(mmscope_alloc_zone, 160);
	CHECK_SIZE(mmscope_reclaim, 208);
	CHECK_SIZE(mmscope_reclaim_event, 64);
	CHECK_SIZE(mmscope_lru, 280);
	CHECK_SIZE(mmscope_lru_page, 72);
	CHECK_SIZE(mmscope_extent, 128);
	CHECK_SIZE(mmscope_account, 48);
	CHECK_SIZE(mmscope_frame_info, 464);
	CHECK_SIZE(mmscope_page_arg, 72);
	CHECK_SIZE(mmscope_slab, 112);
	CHECK_SIZE(mmscope_slab_use, 280);
	CHECK_SIZE(mmscope_contiguity, 1520);
	CHECK_SIZE(mmscope_pte, 96);
	CHECK_SIZE(mmscope_kernel_mapping, 56);
	CHECK_SIZE(mmscope_vmalloc, 696);
	CHECK_SIZE(mmscope_census, 160);
	CHECK_SIZE(mmscope_blocker, 176);
	CHECK_SIZE(mmscope_forecast, 96);
	CHECK_SIZE(mmscope_event, 136);
	CHECK_SIZE(mmscope_owner_record, 760);
	CHECK_SIZE(mmscope_owners_arg, 16);
	CHECK_SIZE(mmscope_watch_arg, 24);
	CHECK_SIZE(mmscope_oom_rank, 176);
	CHECK_SIZE(mmscope_oom_last, 1160);
	CHECK_SIZE(mmscope_oom_zone, 440);
	CHECK_SIZE(mmscope_oom_slab, 96);
	CHECK_SIZE(mmscope_page_cache, 368);
	CHECK_SIZE(mmscope_memcg, 776);
	CHECK_SIZE(mmscope_memcg_page, 56);
	CHECK_SIZE(mmscope_swap_area, 312);
	CHECK_SIZE(mmscope_swap_run, 32);
	CHECK_SIZE(mmscope_swap_cgroup, 152);
	CHECK_SIZE(mmscope_zswap, 72);
	CHECK_SIZE(mmscope_overcommit, 128);
	CHECK_SIZE(mmscope_commit_process, 56);
	CHECK_SIZE(mmscope_hugetlb, 80);
	CHECK_SIZE(mmscope_ksm, 136);
	CHECK_SIZE(mmscope_thp_state, 216);
	CHECK_SIZE(mmscope_khugepaged, 464);
}

TEST(last_fields_are_where_they_were)
{
	CHECK_PLACE(mmscope_feature, detail, 56);
	CHECK_PLACE(mmscope_node, stat, 648);
	CHECK_PLACE(mmscope_zone, numa, 400);
	CHECK_PLACE(mmscope_pcp, list, 64);
	CHECK_PLACE(mmscope_buddy, state, 60);
	CHECK_PLACE(mmscope_free_block, index, 24);
	CHECK_PLACE(mmscope_pageblock, free_pages, 32);
	CHECK_PLACE(mmscope_slab_cache, partial, 264);
	CHECK_PLACE(mmscope_slab_cache, inuse_exact_objects, 784);
	CHECK_PLACE(mmscope_slab, cache, 48);
	CHECK_PLACE(mmscope_slab_use, fill, 184);
	CHECK_PLACE(mmscope_kernel_mapping, cache, 48);
	CHECK_PLACE(mmscope_vmalloc, node, 184);
	CHECK_PLACE(mmscope_page, mapcount, 48);
	CHECK_PLACE(mmscope_vma, name, 104);
	CHECK_PLACE(mmscope_pagetable, mm_pgtables_bytes, 88);
	CHECK_PLACE(mmscope_usage, locked_bytes, 240);
	CHECK_PLACE(mmscope_pt_placement, remote_leaf, 200);
	CHECK_PLACE(mmscope_thp, block, 176);
	CHECK_PLACE(mmscope_numa, node_pages, 152);
	CHECK_PLACE(mmscope_process_layout, stack_gap_bytes, 128);
	CHECK_PLACE(mmscope_mapping, swap_offset, 64);
	CHECK_PLACE(mmscope_process, oom_score, 144);
	CHECK_PLACE(mmscope_fault, offset_bytes, 80);
	CHECK_PLACE(mmscope_page_cache, path, 112);
	CHECK_PLACE(mmscope_memcg, path, 520);
	CHECK_PLACE(mmscope_memcg_page, unevictable_pages, 48);
	CHECK_PLACE(mmscope_residency, name, 72);
	CHECK_PLACE(mmscope_swap_area, order_clusters, 232);
	CHECK_PLACE(mmscope_swap_run, flags, 28);
	CHECK_PLACE(mmscope_swap_cgroup, path, 24);
	CHECK_PLACE(mmscope_overcommit, refused_user_pages, 120);
	CHECK_PLACE(mmscope_hugetlb, overcommit, 72);
	CHECK_PLACE(mmscope_ksm, use_zero_pages, 128);
	CHECK_PLACE(mmscope_thp_state, stat, 24);
	CHECK_PLACE(mmscope_khugepaged, event, 80);
	CHECK_PLACE(mmscope_translation, table_pfn, 168);
	CHECK_PLACE(mmscope_rmap, comm, 64);
	CHECK_PLACE(mmscope_alloc_zone, compaction, 152);
	CHECK_PLACE(mmscope_reclaim, huge_compaction, 200);
	CHECK_PLACE(mmscope_reclaim_event, value, 56);
	CHECK_PLACE(mmscope_lru, path, 152);
	CHECK_PLACE(mmscope_lru_page, state, 64);
	CHECK_PLACE(mmscope_walk_arg, torn, 136);
	CHECK_PLACE(mmscope_extent, name, 64);
	CHECK_PLACE(mmscope_account, unevictable_pages, 40);
	CHECK_PLACE(mmscope_census, polluter_pages, 152);
	CHECK_PLACE(mmscope_blocker, name, 112);
	CHECK_PLACE(mmscope_forecast, reclaimable_pages, 88);
	CHECK_PLACE(mmscope_event, other_comm, 120);
	CHECK_PLACE(mmscope_owner_record, frames, 72);
	CHECK_PLACE(mmscope_watch_arg, rec_size, 20);
	CHECK_PLACE(mmscope_oom_rank, flags, 168);
	CHECK_PLACE(mmscope_oom_last, node_stat, 520);
	CHECK_PLACE(mmscope_oom_zone, kswapd_order, 432);
	CHECK_PLACE(mmscope_oom_slab, total_objects, 88);
	CHECK_PLACE(mmscope_describe, detail, 224);
	CHECK_PLACE(mmscope_translate_arg, max_lock_ns, 40);
	CHECK_PLACE(mmscope_rmap_arg, refused, 120);
	CHECK_PLACE(mmscope_rmap_arg, busy, 128);
	CHECK_PLACE(mmscope_alloc_zone, pcp_pages, 120);
	CHECK_PLACE(mmscope_alloc_arg, list_node, 64);
	CHECK_PLACE(mmscope_field, nr_values, 196);
	CHECK_PLACE(mmscope_value, name, 16);
}

TEST(ioctls_have_their_numbers)
{
	EXPECT_EQ(0xDA, MMSCOPE_IOC_TYPE);
	EXPECT_EQ(0, _IOC_NR(MMSCOPE_IOC_INFO));
	EXPECT_EQ(1, _IOC_NR(MMSCOPE_IOC_DESCRIBE));
	EXPECT_EQ(2, _IOC_NR(MMSCOPE_IOC_WALK));
	EXPECT_EQ(3, _IOC_NR(MMSCOPE_IOC_TRANSLATE));
	EXPECT_EQ(4, _IOC_NR(MMSCOPE_IOC_ATTACH));
	EXPECT_EQ(5, _IOC_NR(MMSCOPE_IOC_DETACH));
	EXPECT_EQ(7, _IOC_NR(MMSCOPE_IOC_RMAP));
	EXPECT_EQ(8, _IOC_NR(MMSCOPE_IOC_ALLOC));
	EXPECT_EQ(9, _IOC_NR(MMSCOPE_IOC_WATCH));
	EXPECT_EQ(10, _IOC_NR(MMSCOPE_IOC_OWNERS));
}

TEST(datasets_have_their_ids)
{
	EXPECT_EQ(0, MMSCOPE_DS_FEATURES);
	EXPECT_EQ(2, MMSCOPE_DS_ZONES);
	EXPECT_EQ(8, MMSCOPE_DS_PAGES);
	EXPECT_EQ(12, MMSCOPE_DS_TRANSLATIONS);
	EXPECT_EQ(18, MMSCOPE_DS_SLABS);
	EXPECT_EQ(22, MMSCOPE_DS_SLAB_USE);
	EXPECT_EQ(20, MMSCOPE_DS_RMAPS);
	EXPECT_EQ(21, MMSCOPE_DS_ALLOC_ZONES);
}

TEST_HARNESS_MAIN
