# One image for the API, the worker and the migration. Nothing is compiled in the stage that runs.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/groundwork
ENV PATH=/opt/groundwork/bin:$PATH
WORKDIR /source
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation . \
    && python -m compileall -q /opt/groundwork/lib

FROM python:3.11-slim
ENV PATH=/opt/groundwork/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANGGRAPH_STRICT_MSGPACK=true \
    GROUNDWORK_HOME=/data
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin groundwork \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/groundwork /opt/groundwork
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["groundwork"]
CMD ["serve", "--host", "0.0.0.0"]
