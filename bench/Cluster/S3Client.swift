/// The two requests that a cluster makes of its store, signed by curl. Keys go by its standard input, not its
/// arguments.
struct S3Client: Sendable {
    let access: S3Access
    var curl = "/usr/bin/curl"

    /// SHA-256 of an empty body.
    private static let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// Ceph's first write takes it up to half a minute.
    func makeBucket() async throws {
        let answer = try await send("PUT", "/\(access.bucket)", deadline: .seconds(120))
        guard ["200", "409"].contains(answer.suffix(3)) else {
            throw ClusterFailure("The bucket cannot be made: \(answer)")
        }
    }

    /// Lists one object of the bucket.
    func list() async throws -> Health {
        let answer = try await send("GET", "/\(access.bucket)?list-type=2&max-keys=1", deadline: .seconds(4))
        return answer.hasSuffix("200") ? .up("store") : .down("answers \(answer.suffix(3))")
    }

    /// The body of the answer, and its status at the end.
    private func send(_ method: String, _ path: String, deadline: Duration) async throws -> String {
        let program = ChildProgram(
            command: [curl, "-q", "-s", "-S", "--max-time", "\(deadline.components.seconds)", "-K", "-"],
            environment: ChildProgram.plainEnvironment(home: "/"), folder: "/")
        return try await program.run(
            input: """
                url = "http://127.0.0.1:\(access.port)\(path)"
                request = "\(method)"
                user = "\(access.accessKey):\(access.secretKey)"
                header = "x-amz-content-sha256: \(Self.nothing)"
                aws-sigv4 = "aws:amz:\(S3Access.region):s3"
                write-out = "\\n%{http_code}"

                """, deadline: deadline + .seconds(1))
    }
}
