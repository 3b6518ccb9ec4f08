"""Reads topics as a read_committed consumer sees them, from their start."""

import json
import time
import uuid

import confluent_kafka


class Record:
    """One consumed record, its topic without the installation's prefix."""

    def __init__(self, message, prefix):
        self.topic = message.topic()[len(prefix):]
        self.partition, self.offset = message.partition(), message.offset()
        self.key, self.value = message.key(), message.value()
        self.headers = message.headers() or []
        self.timestamp = message.timestamp()[1]

    def header(self, name):
        return next((value.decode("utf-8", "replace") for key, value in self.headers
                     if key == name and value is not None), None)

    @property
    def json(self):
        return json.loads(self.value)

    def __repr__(self):
        return f"{self.topic}/{self.partition}@{self.offset} {self.header('ce_type')}"


class Follower:
    """Reads topics from their start, then on from where it stopped, as read_committed sees them."""

    def __init__(self, installation, topics, isolation="read_committed", numbers=None):
        self.prefix = installation.prefix
        numbers = numbers or installation.partition_numbers
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": installation.env["CPOR_KAFKA_BROKERS"],
            "group.id": f"judge-{uuid.uuid4()}", "enable.auto.commit": False,
            "isolation.level": isolation, "enable.partition.eof": True,
            "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20,
            "topic.metadata.refresh.interval.ms": 5000, "reconnect.backoff.max.ms": 500,
            "log_level": 2})
        self.partitions = [
            confluent_kafka.TopicPartition(self.prefix + topic, number, 0)
            for topic in topics for number in numbers(topic)]
        self.consumer.assign(self.partitions)
        self.reached = {(p.topic, p.partition): 0 for p in self.partitions}

    def poll(self, timeout_s=0.05):
        """What has come since; may be nothing."""
        records = []
        for message in self.consumer.consume(2000, timeout_s):
            place = (message.topic(), message.partition())
            if message.error() is None:
                records.append(Record(message, self.prefix))
                self.reached[place] = message.offset() + 1
            elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                self.reached[place] = max(self.reached[place], message.offset())
        return records

    def end_of(self, place, give_up):
        """A partition that was made a moment ago may have no leader yet."""
        while True:
            try:
                return self.consumer.get_watermark_offsets(place, timeout=10)[1]
            except confluent_kafka.KafkaException:
                if time.monotonic() > give_up:
                    raise
                self.consumer.poll(0.1)

    def read_to_end(self, seconds=30):
        """Everything up to what is committed now."""
        give_up = time.monotonic() + seconds
        ends = {(place.topic, place.partition): self.end_of(place, give_up)
                for place in self.partitions}
        records = []
        while any(self.reached[place] < end for place, end in ends.items()):
            records += self.poll()
            assert time.monotonic() < give_up, (
                f"topics not read in {seconds} s: {self.behind(ends)}")
        return records

    def behind(self, ends):
        return {place: (self.reached[place], end) for place, end in ends.items()
                if self.reached[place] < end}

    def close(self):
        """Again is safe."""
        consumer, self.consumer = self.consumer, None
        if consumer is not None:
            consumer.close()
