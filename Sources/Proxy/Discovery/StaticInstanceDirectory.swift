package import Kernel

/// Instances that are written down: where addresses never change, as on one machine or behind another balancer.
package struct StaticInstanceDirectory: InstanceDirectory {
    private let listed: [Instance]

    package init(_ instances: [Instance]) { listed = instances }

    package func instances(of role: String) async throws -> [Instance] {
        listed.filter { $0.role == role }.sorted { $0.id < $1.id }
    }

    package func changes() async throws -> (any AsyncSequence<[UInt8], Never> & Sendable)? { nil }
}
