/// An S3 store over a folder: rclone, quick to start; it keeps bytes, and forgets metadata when it ends.
struct RcloneServers: ServerFamily {
    static let bucket = "cloudstream"

    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func portNames(_ settings: ClusterSettings) -> [String] { ["s3"] }

    private var access: S3Access {
        S3Access(
            port: context.port("s3"), bucket: Self.bucket, accessKey: context.state.secrets.s3AccessKey,
            secretKey: context.state.secrets.s3SecretKey)
    }

    var plans: [ServerPlan] {
        [
            ServerPlan(
                name: "s3", technology: "s3", port: access.port,
                command: [
                    context.program("rclone"), "serve", "s3", "--config", "/dev/null", "--addr",
                    "127.0.0.1:\(access.port)", "--log-level", "ERROR",
                    // Pages of any origin: who has no signature gets nothing, and nobody else reaches this machine.
                    "--allow-origin", "*", context.folder("s3") + "/data",
                ], folder: context.folder("s3"), check: .s3(access),
                // Read as a line of CSV, hence the quotes.
                environment: ["RCLONE_AUTH_KEY": "\"\(access.accessKey),\(access.secretKey)\""])
        ]
    }

    var environment: [String: String] { access.environment }

    /// A bucket is a folder.
    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let account = await folder.state.account
        for name in ["s3", "s3/data", "s3/data/\(Self.bucket)"] {
            _ = try folder.makeFolder(name, for: account)
        }
        try await folder.raise(plan)
    }
}

extension S3Access {
    var environment: [String: String] {
        [
            "CLOUDSTREAM_S3_ENDPOINT": "http://127.0.0.1:\(port)",
            // Where browsers find it: the same, on one machine.
            "CLOUDSTREAM_S3_PUBLIC_ENDPOINT": "http://127.0.0.1:\(port)",
            "CLOUDSTREAM_S3_REGION": Self.region,
            "CLOUDSTREAM_S3_BUCKET": bucket, "CLOUDSTREAM_S3_ACCESS_KEY": accessKey,
            "CLOUDSTREAM_S3_SECRET_KEY": secretKey,
        ]
    }
}
