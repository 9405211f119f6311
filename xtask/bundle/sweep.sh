#!/bin/sh
# Starts the programs of this bundle on a Linux machine without Rust:
#
#   ./sweep.sh doctor [FILE]         check what this machine lacks
#   ./sweep.sh sweep FILE            train the runs of FILE, then write the report
#   ./sweep.sh gpu-check             compare a GPU with the CPU, in eight minutes
#   ./sweep.sh VERB ...              other verbs: report, nightly, verify, list, ...
#
# Needs x86_64, glibc @glibc@ or later and gzip@python@.
# Experiments are in experiments/, data in data/; reports are written to reports/.
set -eu

fail() { printf 'sweep.sh: %s\n' "$*" >&2; exit 2; }

script=$(readlink -f -- "$0" 2>/dev/null || printf '%s' "$0")
case "$script" in */*) here=${script%/*} ;; *) here=. ;; esac
here=$(CDPATH='' cd -- "$here" && pwd)

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
  fail "these programs are for Linux on x86_64, but this is $(uname -s) on $(uname -m)"
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
case "$libc" in
  "glibc "*)
    lowest=$(printf '%s\n' "${libc#glibc }" @glibc@ | sort -V | head -n 1)
    [ "$lowest" = @glibc@ ] ||
      fail "glibc @glibc@ or later is needed, but this is ${libc#glibc }: use a newer system, or a container of one (Debian 12, Ubuntu 22.04)" ;;
  *) fail "glibc @glibc@ or later is needed, but this system reports no glibc" ;;
esac

# Programs are unpacked once, and again if a bundle was copied over another one: a file beside
# each program holds the sum of the archive that it was unpacked from.
for name in sweep sweep-report sweep-worker; do
  program=$here/bin/$name
  sum=$(grep " bin/$name.gz\$" "$here/SHA256SUMS") || fail "SHA256SUMS does not list $name.gz: copy the bundle again"
  if [ ! -x "$program" ] || [ "$(cat "$program.sum" 2>/dev/null)" != "$sum" ]; then
    command -v gzip >/dev/null || fail "gzip is missing: install it, since it unpacks the programs"
    gzip -t "$program.gz" || fail "$program.gz is damaged: copy the bundle again"
    gzip -dc "$program.gz" >"$program.$$" || fail "$program cannot be written: a writable folder with 100 MB is needed"
    chmod 755 "$program.$$"
    mv -f "$program.$$" "$program"
    printf '%s\n' "$sum" >"$program.sum"
  fi
done

export SWEEP_WORKER="${SWEEP_WORKER:-$here/bin/sweep-worker}"
@environment@
verb=${1:-doctor}
[ $# -eq 0 ] || shift
case "$verb" in
  sweep) verb=run ;;
  help | -h | --help) sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  gpu-check) command -v python3 >/dev/null || fail "gpu-check needs python3"
    exec python3 "$here/gpu_check.py" --sweep "$here/bin/sweep" --worker "$SWEEP_WORKER" --root "$here" "$@" ;;
esac
exec "$here/bin/sweep" --root "$here" "$verb" "$@"
