#!/usr/bin/env python3
"""A taskq worker in plain SQL: python3 and psycopg2 (Debian: python3-psycopg2), DATABASE_URL, one job at a time."""
import json, logging, os, random, select, signal, socket, sys, threading, time
import psycopg2

POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "1"))
NAME = os.environ.get("WORKER_NAME", f"{socket.gethostname()}-python-{os.getpid()}")
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


def word_count(cursor, payload):
    """Its effect and its completion are one transaction, so that the effect happens exactly once."""
    words = len(payload["text"].split())
    cursor.execute("insert into word_counts values (%s, %s)", (payload["text"], words))
    return {"words": words}


def nap(cursor, payload):
    time.sleep(payload["seconds"])
    return {"slept": payload["seconds"]}


HANDLERS = {"word_count": word_count, "nap": nap}
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
TYPES = [{"type": "word_count", "memory_mb": 32, "payload_schema": TEXT}, {"type": "nap", "memory_mb": 32, "timeout_seconds": 3600}]


def connect():
    url = os.environ["DATABASE_URL"]
    connection = psycopg2.connect(url, application_name=NAME, connect_timeout=5, keepalives_idle=10, keepalives_interval=5)
    connection.autocommit = True
    return connection


class Worker:
    worker_id = None
    is_stopping = False

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "is_stopping", True))
        threading.Thread(target=self.beat, daemon=True).start()
        failures = 0
        while not self.is_stopping:
            try:
                connection = connect()
                self.come_back(connection.cursor())
                failures = 0
                self.work(connection)
                connection.cursor().execute("select taskq.stop_worker(%s)", (self.worker_id,))
                logging.info("stopped")
            except psycopg2.Error as error:
                if error.pgcode != "TQ412" and not isinstance(error, GONE):
                    raise
                if error.pgcode == "TQ412":  # it was away too long, and its jobs were given to others
                    self.worker_id = None
                logging.warning("the database is away, or has given me up: %s", error)
                time.sleep(random.uniform(0.1, min(10, 0.2 * 2**failures)))
                failures += 1

    def come_back(self, cursor):
        """A worker that lost its connection keeps its id, and gives back what it had."""
        if self.worker_id is None:
            cursor.execute("select taskq.register_task_types(%s)", (json.dumps(TYPES),))
            cursor.execute("select taskq.register_worker(%s, %s, 1, 256)", (NAME, list(HANDLERS)))
            self.worker_id = cursor.fetchone()[0]
        else:
            cursor.execute("select taskq.release_unknown_claims(%s, '{}')", (self.worker_id,))
        cursor.execute("select taskq.hold_worker_session(%s)", (self.worker_id,))  # a killed worker is noticed by this
        if not cursor.fetchone()[0]:
            raise psycopg2.OperationalError("my session before this one is not over yet")
        cursor.execute("listen taskq_ready")
        logging.info("ready as %s", self.worker_id)

    def work(self, connection):
        cursor = connection.cursor()
        while not self.is_stopping:
            cursor.execute("select claim_id, jobs, next_due_in_seconds from taskq.claim_next_job(%s)", (self.worker_id,))
            claim_id, jobs, due = cursor.fetchone()
            if jobs:
                self.run_job(cursor, claim_id, jobs[0])
                continue
            select.select([connection], [], [], POLL_SECONDS if due is None else min(POLL_SECONDS, max(due, 0)))
            connection.poll()
            connection.notifies.clear()

    def run_job(self, cursor, claim_id, job):
        try:
            cursor.execute("begin")
            result = HANDLERS[job["type"]](cursor, job["payload"])
            cursor.execute("select taskq.complete_job(%s, %s, %s)", (claim_id, job["job_id"], json.dumps(result)))
            cursor.execute("commit")
        except GONE:
            raise
        except Exception as error:
            cursor.execute("rollback")
            logging.warning("job %s failed: %s", job["job_id"], error)
            try:
                cursor.execute("select taskq.fail_job(%s, %s, %s)", (claim_id, job["job_id"], str(error).replace("\0", "\\0")))
            except psycopg2.Error as lost:
                if lost.pgcode != "TQ411":  # else it has ended, or another worker has it
                    raise

    def beat(self):
        """Says that this process lives, and does what time does (tick), beside whatever runs."""
        cursor = None
        for second in range(sys.maxsize):
            try:
                cursor = cursor or connect().cursor()
                cursor.execute("select ran from taskq.tick()")
                if self.worker_id and second % 10 == 0:
                    cursor.execute("select status from taskq.heartbeat(%s)", (self.worker_id,))
            except psycopg2.Error:
                cursor = None  # the other connection says what is wrong
            time.sleep(1)


Worker().run()
