package struct S3ObjectsSettings: Sendable, Equatable {
    package let endpoint: SecretReference
    package let publicEndpoint: SecretReference
    package let region: String
    package let bucket: SecretReference
    package let keyPrefix: String
    package let accessKey: SecretReference
    package let secretKey: SecretReference
    package let pathStyle: Bool
    package let maximumConnections: Int
    package let connectDeadline: Duration
    package let requestDeadline: Duration
}

extension S3ObjectsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        endpoint = section.value("endpoint", "http(s)://host[:port] of the store.", .secret(.text))
        publicEndpoint = section.value(
            "publicEndpoint", "What clients call the store, where that differs from endpoint.",
            .secret(.text))
        region = section.value("region", "Region that requests are signed for.", .text)
        bucket = section.value("bucket", "The bucket.", .secret(.text))
        keyPrefix = section.value(
            "keyPrefix", "Begins every key, so that deployments may share one bucket; ends with a slash.",
            .text,
            default: "cloudstream/")
        accessKey = section.value("accessKey", "Id of the key that signs requests.", .secret(.text))
        secretKey = section.value("secretKey", "The key that signs requests.", .secret(.text))
        pathStyle = section.value(
            "pathStyle", "Whether the bucket stands in the path instead of the host's name.", .boolean,
            default: true)
        maximumConnections = section.value(
            "maximumConnections", "Connections to the store at once.", .integer(in: 1...10_000), default: 64)
        connectDeadline = section.value(
            "connectDeadline", "Longest time to reach the store.",
            .duration(in: .milliseconds(10) ... .minutes(1)), default: .seconds(2))
        requestDeadline = section.value(
            "requestDeadline", "Longest time until the head of an answer.",
            .duration(in: .milliseconds(100) ... .minutes(10)), default: .seconds(20))
    }
}
