/// One broker of the Kafka protocol: Tansu with its memory engine, which forgets all when it ends.
struct KafkaServers: ServerFamily {
    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func portNames(_ settings: ClusterSettings) -> [String] { ["kafka"] }

    private var port: Int { context.port("kafka") }
    private var advertisedPort: Int { context.state.settings.kafkaAdvertisedPort ?? port }

    var plans: [ServerPlan] {
        [
            ServerPlan(
                name: "kafka", technology: "kafka", port: port,
                command: [
                    context.program("tansu"), "broker", "--cluster-id", "cloudstream",
                    // Both addresses must be named: the broker listens everywhere otherwise.
                    "--listener-url", "tcp://127.0.0.1:\(port)",
                    "--advertised-listener-url", "tcp://127.0.0.1:\(advertisedPort)",
                    "--storage-engine", "memory://tansu/",
                ], folder: context.folder("kafka"), check: .kafka(port: port),
                environment: ["RUST_LOG": "warn"])
        ]
    }

    var environment: [String: String] {
        ["CLOUDSTREAM_KAFKA_BROKERS": "127.0.0.1:\(advertisedPort)"]
    }
}
