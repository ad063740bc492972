/// Asks a Postgres server through `psql`. The password travels in the environment, which only the same user
/// may read.
struct PostgresClient: Sendable {
    let psql: String
    let port: Int
    let user: String
    let password: String
    var database = "postgres"

    /// Runs the statements, stopping at the first that fails; what they answer, unadorned.
    func ask(_ sql: String, deadline: Duration = .seconds(30)) async throws -> String {
        let program = ChildProgram(
            command: [psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            environment: ChildProgram.plainEnvironment(home: "/").merging([
                "PGHOST": "127.0.0.1", "PGPORT": "\(port)", "PGUSER": user, "PGPASSWORD": password,
                "PGDATABASE": database, "PGCONNECT_TIMEOUT": "2", "PGAPPNAME": "cluster",
            ]) { $1 }, folder: "/")
        let answer = try await program.run(input: sql + ";\n", deadline: deadline)
        return answer.split(separator: "\n").joined(separator: "\n")
    }
}
