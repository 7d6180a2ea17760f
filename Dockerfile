# The locks and nothing else: each package is checked by its hash, and builds take their tools from build.lock.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/bcc-gateway
COPY build.lock requirements.lock ./
RUN /opt/bcc-gateway/bin/pip install --require-hashes -r build.lock
RUN /opt/bcc-gateway/bin/pip install --require-hashes --no-build-isolation -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY storage storage
COPY config config
RUN /opt/bcc-gateway/bin/pip install --no-deps --no-build-isolation .
RUN /opt/bcc-gateway/bin/pip uninstall --yes -r build.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/bcc-gateway --shell /usr/sbin/nologin gateway \
    && install -d -o gateway -g gateway -m 0700 /var/lib/bcc-gateway
COPY --from=build /opt/bcc-gateway /opt/bcc-gateway
# PYTHONSAFEPATH: a file in the working folder must not pass for one of our packages.
ENV PATH=/opt/bcc-gateway/bin:$PATH \
    PYTHONSAFEPATH=1 \
    GATEWAY_SMTP__LISTEN=0.0.0.0:2525 \
    GATEWAY_STORE__PATH=/var/lib/bcc-gateway/gateway.db \
    GATEWAY_STORE__KEY_FILE=/var/lib/bcc-gateway/installation.key
USER 10001
WORKDIR /var/lib/bcc-gateway
VOLUME /var/lib/bcc-gateway
EXPOSE 2525
ENTRYPOINT ["bcc-gateway"]
CMD ["serve"]
