#!/bin/sh
# Makes what compose.yaml gives its services as secrets, in the folder secrets beside this file; what is there stays.
set -eu
cd "$(dirname "$0")"
mkdir -p -m 0700 secrets # nobody else gets past the folder; the services, which are other users, read the files
cd secrets
[ -e installation.key ] || openssl rand -hex 32 >installation.key
[ -e database_password ] || openssl rand -hex 32 >database_password
[ -e database_url ] || echo "postgresql://gateway:$(cat database_password)@postgres/gateway" >database_url
chmod 0444 installation.key database_password database_url
