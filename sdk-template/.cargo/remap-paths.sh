#!/bin/sh
# Cargo calls this in place of rustc. It takes the folders of this machine out of what is compiled,
# which a list of flags cannot do: they would have to name the folders.
plugin=$(cd "$(dirname "$0")/.." && pwd -P)
cargo=${CARGO_HOME:-$HOME/.cargo}
set -- "$@" --remap-path-prefix "$plugin=/plugin" --remap-path-prefix "$cargo=/cargo"
# A mirror of the registry has a folder of another name.
for registry in "$cargo"/registry/src/*; do
    set -- "$@" --remap-path-prefix "$registry=/cargo/registry"
done
exec "$@"
