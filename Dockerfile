# The package as a wheel in an environment of its own, run by a user without any rights.
#
#   docker build -t otel-executor-metrics .
#   docker run --rm -p 127.0.0.1:8001:8001 otel-executor-metrics
#
# An image of yours starts from it: FROM otel-executor-metrics, COPY your program, CMD it.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /src
# .dockerignore admits what the wheel is made from, and nothing else.
COPY . .
# The environment gets no pip of its own: nothing can be installed where it runs.
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist . \
    && python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir "$(echo /dist/*.whl)[all]"

FROM python:${PYTHON_VERSION}-slim
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    METRICS_PORT=8001
EXPOSE 8001
# By number, which orchestrators that forbid root can check; it owns nothing in the image.
USER 10001:10001
# /healthz asks for no credentials. Behind METRICS_TLS_CERTIFICATE set another check: this one is
# plain HTTP.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['METRICS_PORT']), timeout=2); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["python", "-m", "otel_executor_metrics", "serve"]
