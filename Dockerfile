# One image for web, worker, beat and migrate; docker-compose.yml says which command runs.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DATA_DIR=/data

RUN useradd --create-home --uid 10001 outreach \
    && install -d -o outreach -g outreach /data

WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install -r requirements.txt -c constraints.txt
COPY . .

USER outreach
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "outreach.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "8", "--timeout", "60", "--graceful-timeout", "5", "--no-control-socket"]
