import Kernel
import Relational

/// One server as routing uses it: `PostgresServer`, or one that a test made up.
protocol ReplicaEndpoint: Sendable {
    var name: String { get }

    /// One snapshot. With `atLeast`, only if the server has replayed that far before it takes the snapshot; else the
    /// failure is of kind `behind`.
    func read<Value: Sendable>(
        _ scope: SQLScope, atLeast: UInt64?, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value>

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value>

    /// What the server says of itself, with its timeline, whatever else it is busy with.
    func probe(within deadline: Duration) async throws -> ReplicaMark

    /// Drops connections; calls under way fail, and may run elsewhere where they are reads.
    func reset()

    func close() async
}

extension PostgresServer: ReplicaEndpoint {
    var name: String { address.description }
}

extension RoutingRead.Fault {
    /// What the failure of a read says about its server.
    init(_ error: any Error) {
        let cause = (error as? Failure)?.cause as? PostgresError
        switch cause?.kind {
        case .behind: self = cause?.mark.map { .behind($0) } ?? .unreachable
        case .contended: self = .conflict
        case .timeout: self = .late
        default: self = cause?.mayRunElsewhere == true ? .unreachable : .final
        }
    }
}
