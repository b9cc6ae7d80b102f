# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# The words every script here uses: where things are, how to say something,
# how to ask apt. Sourced, never run.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${MMSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmscope}
OUT=$(realpath -m "${MMSCOPE_OUT:-$TOP/out}")
# Debian's package of the kernel's source: test harness, debug kernel.
LINUX_SOURCE=linux-source-6.12
# depmod, for one who is not root
PATH=$PATH:/usr/sbin:/sbin
# What is made here is read by others: the guest's users, another run.
umask 022
# Under `make check` the makes that scripts start are not its sub-makes.
unset MAKEFLAGS MFLAGS MAKELEVEL

# Progress goes to stderr: stdout is for answers (a path, TAP).
say()
{
	printf '==> %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Hold LOCKFILE until the script ends: two runs may share a cache or out/.
lock()
{
	mkdir -p "$(dirname "$1")"
	exec {lock_fd}> "$1"
	flock "$lock_fd"
}

# The machine a kernel of kernels.conf is for, by Debian's name for it.
kernel_arch()
{
	awk -v name="$1" '$1 == name { arch = $3 } END { print arch ? arch : "amd64" }' \
		"$TOP/scripts/kernels.conf"
}

# The kernels of kernels.conf that every check is for.
core_kernels()
{
	awk '$5 == "core" { print $1 }' "$TOP/scripts/kernels.conf"
}

all_kernels()
{
	awk '$1 !~ /^#/ { print $1 }' "$TOP/scripts/kernels.conf"
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		die "need root for: $* (and there is no sudo)"
	fi
}

need_apt()
{
	command -v apt-get > /dev/null ||
		die "this needs apt (Debian) to fetch: $*"
}

# Configuration of the world that apt is asked about, see apt_world(); none: this
# machine's own. Never exported: what installs here is to be this machine's apt.
world=
apt_updated=

# A program of apt's, in that world.
ask_apt()
{
	if [ -n "$world" ]; then
		APT_CONFIG=$world "$@"
	else
		"$@"
	fi
}

# A source that does not answer is no reason to stop: what is missing because
# of it is named by the command that looks for it.
apt_update()
{
	[ -z "$apt_updated" ] || return 0
	apt_updated=yes
	say "asking apt for its newest package lists"
	# a world of our own needs no root, and sudo would leave it
	local as=as_root
	[ -z "$world" ] || as=ask_apt
	$as apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 ||
		say "apt-get update had errors; going on with what it has"
}

# A question or download for this machine itself, whatever the world is.
at_home()
(
	world='' apt_updated=''
	"$@"
)

# The mirror this machine has the archive of that label from.
apt_mirror()
{
	# shellcheck disable=SC2016 # apt's fields, not the shell's
	apt-get indextargets --format '$(SITE) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
		awk -v label="$1" '$2 == "main" && $3 == label { print $1; exit }'
}

# Suites as sources for apt, a line each, from where this machine has its own.
apt_sources()
{
	local suite label mirror
	[ -n "$(apt_mirror Debian)" ] || at_home apt_update
	for suite; do
		label=Debian
		[[ $suite != *-security ]] || label=Debian-Security
		mirror=$(apt_mirror $label)
		[ -n "$mirror" ] || die "apt on this machine has no source of $label"
		echo "deb $mirror $suite main"
	done
}

# From here on apt's questions and downloads are for another architecture and
# other suites than this machine's: apt_world ARCHITECTURE SUITE...
# Its lists are kept in the cache; nothing of the machine's apt is changed.
apt_world()
{
	local arch=$1 dir=$CACHE/apt/$1-$2 sources suite
	shift
	need_apt "$@"
	sources=$(apt_sources "$@")
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: > "$dir/status"
	echo "$sources" > "$dir/sources.list"
	cat > "$dir/apt.conf" <<-END
	APT::Architecture "$arch";
	APT::Architectures "$arch";
	APT::Sandbox::User "root";
	Dir::State "$dir";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	END
	# of backports alone apt takes nothing that it is not told to
	for suite; do
		[[ $suite != *-backports ]] || echo "APT::Default-Release \"$suite\";"
	done >> "$dir/apt.conf"
	world=$dir/apt.conf
	apt_updated=
}

apt_candidate()
{
	ask_apt apt-cache policy "$1" 2> /dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# Version of a package as apt offers it now; empty when apt knows of none.
apt_version()
{
	need_apt "$1"
	[ -n "$(apt_candidate "$1")" ] || apt_update
	apt_candidate "$1"
}

# The guest's part of scripts/bench, into FILE.
build_bench()
{
	gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -static \
		-I"$TOP/module/uapi" -o "$1" "$TOP"/selftests/bench/*.c
}

# Direct dependencies of a package, one a line.
apt_depends()
{
	ask_apt apt-cache depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" 2> /dev/null |
		awk '$1 ~ /Depends:/ && $2 !~ /^</ { print $2 }'
}

# Download packages into DIR. The lists may be older than the mirror, so one
# failure is answered by an update and a second try.
apt_download()
{
	local dir=$1
	shift
	need_apt "$*"
	(
		cd "$dir"
		# root's own cache is no place apt's sandbox user can write to
		fetch=(ask_apt apt-get -qq -o APT::Sandbox::User=root download "$@")
		[ ! -t 2 ] || unset 'fetch[2]' # a person is shown how far it is
		"${fetch[@]}" >&2 || { apt_update && "${fetch[@]}" >&2; }
	) || die "apt could not fetch: $*"
}
