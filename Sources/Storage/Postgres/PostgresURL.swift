import CPostgres
import Kernel

/// A libpq URL or keyword string, taken apart by libpq itself.
struct PostgresURL: Sendable {
    private static let defaultPort = 5432

    /// Keywords with their values.
    let parameters: [String: String]

    /// `invalid` (code `invalid_url`) if libpq cannot read it; its message may hold the password and stays out.
    init(_ text: String) throws {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            PQfreemem(message)
            throw Failure(.invalid, "invalid_url", "This is not a URL of a Postgres database.")
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        // Encryption by Kerberos only where the URL asks for it: libpq would try it for each connection, and its library
        // takes its locks away at exit, also from under threads that are just connecting.
        self.parameters = parameters.merging(["gssencmode": "disable"]) { given, _ in given }
    }

    /// Hosts and ports correspond one to one; one port may stand for all.
    var addresses: [ServerAddress] {
        let hosts = (parameters["host"] ?? parameters["hostaddr"] ?? "127.0.0.1").split(separator: ",")
        let ports = (parameters["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        return hosts.enumerated().map { index, host in
            let port = ports.count == 1 ? ports.first : index < ports.count ? ports[index] : nil
            return ServerAddress(host: String(host), port: port.flatMap { Int($0) } ?? Self.defaultPort)
        }
    }

    var user: String? { parameters["user"] }

    /// What a connection to one of the hosts is made with.
    func parameters(for address: ServerAddress, _ purpose: Purpose, _ settings: PostgresSettings) -> [String:
        String]
    {
        var all = parameters
        // Each server is judged by itself, and its connections stay with it.
        for keyword in ["hostaddr", "target_session_attrs", "connect_timeout"] { all[keyword] = nil }
        all["host"] = address.host
        all["port"] = "\(address.port)"
        all["application_name"] = parameters["application_name"] ?? settings.applicationName
        all["client_encoding"] = "UTF8"
        all["keepalives_idle"] = parameters["keepalives_idle"] ?? "5"
        all["tcp_user_timeout"] =
            parameters["tcp_user_timeout"] ?? "\(settings.statementDeadline.inMilliseconds + 5_000)"
        let milliseconds = purpose == .schema ? settings.migrationDeadline : settings.statementDeadline
        all["options"] = [
            parameters["options"] ?? "", "-c statement_timeout=\(milliseconds.inMilliseconds)",
            "-c idle_in_transaction_session_timeout=\(milliseconds.inMilliseconds + 2_000)",
            purpose == .singleReads ? "-c default_transaction_read_only=on" : "",
        ].filter { !$0.isEmpty }.joined(separator: " ")
        return all
    }

    enum Purpose { case transactions, singleReads, schema }
}
