#!/bin/sh
# Installs pw-workflow-runner: downloads a release's binary for this machine, checks its SHA-256 sum, and then moves it
# into place. Does not need root. Linux (glibc) and macOS, x86-64 and arm64.
#
#   PW_INSTALL_DIR   the folder to install into (default ~/.local/bin)
#   PW_VERSION       the release to install (default: the latest)
#   PW_BASE_URL      URL of the releases or a mirror: BASE/latest/download/FILE and BASE/download/vVERSION/FILE
set -eu

# Set in the copy of this script that is part of a release.
releases=""

readonly NAME=pw-workflow-runner

main() {
  base=${PW_BASE_URL:-$releases}
  [ -n "$base" ] || die "this copy does not know where releases are" "Set PW_BASE_URL, or use the install.sh of a release"
  folder=${PW_INSTALL_DIR:-${HOME:+$HOME/.local/bin}}
  [ -n "$folder" ] || die "HOME is not set" "Set PW_INSTALL_DIR to the folder to install into"
  case ${PW_VERSION:-} in
    *[!0-9A-Za-z.+-]*) die "PW_VERSION is not a version: $PW_VERSION" "Use a version like 0.1.0, or unset it for the latest" ;;
  esac
  url=${base%/}/latest/download
  [ -z "${PW_VERSION:-}" ] || url=${base%/}/download/v${PW_VERSION#v}
  asset=$NAME-$(target)

  make_work_folder
  fetch "$url/SHA256SUMS" "$work/sums"
  expected=$(sum_in "$work/sums")
  [ -n "$expected" ] || die "$url/SHA256SUMS has no sum for $asset" "The binary cannot be verified: choose another PW_VERSION"
  fetch "$url/$asset" "$work/$NAME"
  actual=$(sum_of "$work/$NAME")
  [ "$actual" = "$expected" ] ||
    die "$url/$asset does not match its SHA-256 sum: expected $expected, got $actual" \
      "Try again; if it happens again, do not use the file, and report it to the maintainers"
  chmod 755 "$work/$NAME"
  version=$("$work/$NAME" --version) || die "$asset does not start on this machine" \
    "On Linux it needs glibc 2.27 or newer; otherwise run it with Deno: deno run -A $url/$NAME.js"
  [ ! -d "$folder/$NAME" ] || die "$folder/$NAME is a folder" "Move it away, or set PW_INSTALL_DIR"
  mv -f "$work/$NAME" "$folder/$NAME"

  printf 'Installed %s as %s\n' "$version" "$folder/$NAME"
  check_path
}

# This machine's target, as in the file names of a release.
target() {
  os=$(uname -s) machine=$(uname -m)
  case $os in
    Linux) suffix=unknown-linux-gnu ;;
    Darwin) suffix=apple-darwin ;;
    MINGW* | MSYS* | CYGWIN* | Windows*)
      die "this script does not support Windows" \
        "Download $NAME-x86_64-pc-windows-msvc.exe from ${base%/}, and compare Get-FileHash with its line in SHA256SUMS"
      ;;
    *) die "there is no binary for $os" "Run it with Deno: deno run -A $url/$NAME.js" ;;
  esac
  # Under Rosetta, uname prints x86_64 on Apple silicon too.
  if [ "$os-$machine" = Darwin-x86_64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
    machine=arm64
  fi
  case $machine in
    x86_64 | amd64) printf 'x86_64-%s' "$suffix" ;;
    aarch64 | arm64) printf 'aarch64-%s' "$suffix" ;;
    *) die "there is no binary for $os on $machine" "Run it with Deno: deno run -A $url/$NAME.js" ;;
  esac
}

# Inside the target folder, so that the last step is a rename and the binary is always complete.
make_work_folder() {
  mkdir -p "$folder" 2>/dev/null || die "$folder cannot be created" "Set PW_INSTALL_DIR to a folder that you can write to"
  folder=$(CDPATH="" cd "$folder" && pwd)
  work=$(mktemp -d "$folder/.$NAME.XXXXXX" 2>/dev/null) ||
    die "$folder is not writable" "Set PW_INSTALL_DIR to a folder that you can write to"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

fetch() {
  # An https URL must not redirect to http.
  case $1 in https:*) protocols='=https' ;; *) protocols='=http,https' ;; esac
  if has curl; then
    curl --fail --silent --show-error --location --proto "$protocols" --connect-timeout 30 --retry 2 --output "$2" "$1" && return
  elif has wget; then
    wget -q -O "$2" "$1" && return
  else
    die "neither curl nor wget is installed" "Install one of them"
  fi
  die "$1 cannot be downloaded" "Check the network${PW_VERSION:+, and that release $PW_VERSION exists}"
}

# The sum of the asset. Lines are "SUM  NAME"; some tools write "SUM *NAME".
sum_in() {
  while read -r sum name; do
    if [ "${name#\*}" = "$asset" ] && [ "${#sum}" -eq 64 ]; then printf '%s' "$sum"; fi
  done <"$1"
}

sum_of() {
  if has sha256sum; then
    sum=$(sha256sum <"$1")
  elif has shasum; then
    sum=$(shasum -a 256 <"$1")
  elif has openssl; then
    sum=$(openssl dgst -sha256 -r <"$1")
  else
    die "no program for SHA-256 sums is installed" "Install sha256sum, shasum or openssl"
  fi
  printf '%s' "${sum%% *}"
}

check_path() {
  case :$PATH: in
    *":$folder:"* | *":$folder/:"*) ;;
    *)
      # The user's shell must expand $PATH, not this one.
      # shellcheck disable=SC2016
      printf '%s is not on your PATH: add it with  export PATH="%s:$PATH"\n' "$folder" "$folder"
      return
      ;;
  esac
  first=$(command -v "$NAME" || :)
  case $first in "$folder/$NAME" | "$folder//$NAME") return ;; esac
  printf 'Another one is earlier on your PATH: %s\n' "$first"
}

has() { command -v "$1" >/dev/null 2>&1; }

die() {
  printf 'Cannot install %s: %s\n  %s\n' "$NAME" "$1" "$2" >&2
  exit 1
}

# At the end, so that a truncated script does nothing.
main
