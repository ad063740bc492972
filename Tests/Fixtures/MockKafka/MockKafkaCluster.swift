package import CRdkafka

/// librdkafka's own cluster of pretended brokers, inside this process, listening on 127.0.0.1.
///
/// It keeps little, knows no administration of topics, and remembers nothing; but it can fail as it is told to.
package final class MockKafkaCluster: Sendable {
    /// Kinds of requests, by Kafka's numbers.
    package enum Request: Int16 {
        case produce = 0
        case fetch = 1
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case syncGroup = 14
        case initProducerID = 22
    }

    /// The cluster is guarded by librdkafka; any thread may call.
    private nonisolated(unsafe) let host: OpaquePointer
    private nonisolated(unsafe) let cluster: OpaquePointer

    /// `host:port`, joined by commas.
    package let bootstrap: String

    package init?(brokers: Int = 3) {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let host = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else { return nil }
        guard let cluster = rd_kafka_mock_cluster_new(host, Int32(brokers)) else { return nil }
        self.host = host
        self.cluster = cluster
        bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(host)
    }

    package func makeTopic(_ name: String, partitions: Int, replicas: Int = 1) {
        rd_kafka_mock_topic_create(cluster, name, Int32(partitions), Int32(replicas))
    }

    /// The next requests of that kind fail with these codes, one each.
    package func fail(_ request: Request, with codes: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    /// Cuts all connections of a broker, or of all, and takes no more.
    package func takeDown(_ broker: Int = -1) { rd_kafka_mock_broker_set_down(cluster, Int32(broker)) }

    package func bringUp(_ broker: Int = -1) { rd_kafka_mock_broker_set_up(cluster, Int32(broker)) }

    package func slowDown(_ broker: Int = -1, milliseconds: Int) {
        rd_kafka_mock_broker_set_rtt(cluster, Int32(broker), Int32(milliseconds))
    }

    package func lead(_ topic: String, partition: Int, broker: Int) {
        rd_kafka_mock_partition_set_leader(cluster, topic, Int32(partition), Int32(broker))
    }

    package func coordinate(group: String, broker: Int) {
        rd_kafka_mock_coordinator_set(cluster, "group", group, Int32(broker))
    }
}
