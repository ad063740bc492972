import Kernel

/// What librdkafka is told; its own names and units.
extension KafkaSettings {
    /// Its group has no members; see `TopicAdministration.keepsWords`.
    func administrationConfiguration() -> [String: String] {
        commonConfiguration().merging(["group.id": "\(topic).probe", "enable.auto.commit": "false"]) {
            _, new in new
        }
    }

    /// Appends that fail are purged by our own deadline, which is why librdkafka has none for messages: it would give up
    /// single ones and go on with those behind them.
    func producerConfiguration() -> [String: String] {
        commonConfiguration().merging([
            "acks": "all",
            "enable.idempotence": "true",
            "enable.gapless.guarantee": "true",
            "message.timeout.ms": "0",
            "request.timeout.ms": "\(max(1000, producer.deliveryDeadline.inMilliseconds))",
            "linger.ms": "\(producer.linger.inMilliseconds)",
            "message.max.bytes": "\(producer.maximumEventBytes)",
            "queue.buffering.max.kbytes": "\(max(1, producer.maximumInFlightBytes / 1024))",
            "queue.buffering.max.messages": "\(producer.maximumInFlightEvents)",
            "batch.num.messages": "10000",
            "compression.type": producer.compression,
            // Of a topic that was deleted or is not known yet: our deadline decides, not a shorter one.
            "topic.metadata.propagation.max.ms": "\(producer.deliveryDeadline.inMilliseconds)",
        ]) { _, new in new }
    }

    func consumerConfiguration(group: String, instance: String?) -> [String: String] {
        var pairs = commonConfiguration().merging([
            "group.id": "\(topic).\(group)",
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": "\(consumer.sessionTimeout.inMilliseconds)",
            "heartbeat.interval.ms": "\(consumer.heartbeat.inMilliseconds)",
            "max.poll.interval.ms": "\(consumer.maximumPollInterval.inMilliseconds)",
            "queued.max.messages.kbytes": "\(max(1, consumer.maximumFetchedBytes / 1024))",
            "fetch.wait.max.ms": "\(consumer.fetchWait.inMilliseconds)",
            "fetch.error.backoff.ms": "100",
        ]) { _, new in new }
        pairs["group.instance.id"] = instance
        return pairs
    }

    /// For a look at what stands at some offsets, in no group.
    func readerConfiguration(group: String) -> [String: String] {
        commonConfiguration().merging([
            "group.id": "\(topic).\(group)",
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": "true",
            "fetch.wait.max.ms": "20",
            "fetch.message.max.bytes": "65536",
            "queued.max.messages.kbytes": "1024",
        ]) { _, new in new }
    }

    private func commonConfiguration() -> [String: String] {
        security.merging([
            "bootstrap.servers": brokers,
            "client.id": clientID,
            "topic.metadata.refresh.interval.ms": "60000",
            "reconnect.backoff.ms": "50",
            "reconnect.backoff.max.ms": "2000",
            "socket.keepalive.enable": "true",
            "log.connection.close": "false",
        ]) { _, new in new }
    }
}
