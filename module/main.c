// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope: brings its parts up in order and takes them down again.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "mmscope.h"

static int __init mmscope_init(void)
{
	int err;

	err = mmscope_ksym_init();
	if (err)
		return err;
	err = mmscope_layout_init();
	if (err)
		return err;
	mmscope_tracepoint_init();
	err = mmscope_names_init();
	if (err)
		return err;
	err = mmscope_debugfs_init();
	if (err)
		goto err_names;
	err = mmscope_chardev_init();
	if (err)
		goto err_debugfs;
	return 0;

err_debugfs:
	mmscope_debugfs_exit();
err_names:
	mmscope_names_exit();
	return err;
}

static void __exit mmscope_exit(void)
{
	mmscope_chardev_exit();
	mmscope_oom_exit();
	mmscope_detach_all();
	mmscope_debugfs_exit();
	mmscope_names_exit();
}

module_init(mmscope_init);
module_exit(mmscope_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The mmscope developers");
MODULE_DESCRIPTION("Read-only view of the kernel's memory management");
MODULE_VERSION(MMSCOPE_VERSION);
